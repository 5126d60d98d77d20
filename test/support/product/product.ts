import { writeFile } from "node:fs/promises";
import path from "node:path";
import { LOAD_AUDIENCE } from "../../../operator/api/load-report.ts";
import type { operatorVariables } from "../../../operator/settings.ts";
import { type ControlPlane, until } from "../controlplane/index.ts";
import { freePort } from "./free-port.ts";
import { type Build, ProductProcess } from "./processes.ts";

const NAMESPACE = "avatarpool";
const RELEASE = "avatarpool";
const CHART = path.join(import.meta.dirname, "..", "..", "..", "charts", "avatarpool");
const READY_MS = 30_000;
const CONSOLE_PORT_VARIABLE = "AVATARPOOL_CONSOLE_PORT" satisfies keyof typeof operatorVariables;

/** An operator of another version. */
export interface OperatorOptions {
  /** The operator's own image. */
  readonly image?: string;
  readonly build?: Build;
  /** Further settings. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface OperatorProcess {
  readonly process: ProductProcess;
  /** Base URL of metrics and health. */
  readonly url: string;
  /** Base URL of the console; undefined if the chart's values disable it. */
  readonly consoleUrl: string | undefined;
}

export interface GatewayProcess {
  readonly process: ProductProcess;
  /** URL to which clients send launches. */
  readonly url: string;
  readonly internalUrl: string;
}

/**
 * The product on a control plane: the real chart installed by the real helm with no replicas, and operator and gateways as
 * processes of this machine with the ServiceAccounts and permissions of the chart.
 */
export class Product implements AsyncDisposable {
  readonly #plane: ControlPlane;
  readonly #build: Build;
  readonly #processes: ProductProcess[] = [];
  /** Internal URLs of the gateways, for every operator. */
  readonly #gateways: string[] = [];

  private constructor(plane: ControlPlane, build: Build) {
    this.#plane = plane;
    this.#build = build;
  }

  static async install(plane: ControlPlane, build: Build = "source", chart = CHART): Promise<Product> {
    const args = ["install", RELEASE, chart, "--namespace", NAMESPACE, "--create-namespace"];
    const { code, stderr } = await plane.run("helm", [...args, "--set", "operator.replicas=0,gateway.replicas=0"]);
    if (code !== 0) throw new Error(`helm install failed: ${stderr}`);
    return new Product(plane, build);
  }

  /** The processes of a chart that is installed by other means, under the same names. */
  static installed(plane: ControlPlane, build: Build): Product {
    return new Product(plane, build);
  }

  /** Changes values of the chart, in the format of `--set`. Permissions take effect immediately. */
  async upgrade(values: string): Promise<void> {
    const args = ["upgrade", RELEASE, CHART, "--namespace", NAMESPACE, "--reuse-values", "--set", values];
    const { code, stderr } = await this.#plane.run("helm", args);
    if (code !== 0) throw new Error(`helm upgrade failed: ${stderr}`);
  }

  /** Starts gateways before the operator, which needs their addresses. */
  async startGateway(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const [launchPort, internalPort] = [await freePort(), await freePort()];
    const process = await this.#start("gateway", "avatarpool-gateway", {
      AVATARPOOL_LAUNCH_PORT: String(launchPort),
      AVATARPOOL_INTERNAL_PORT: String(internalPort),
      AVATARPOOL_SETTLE_SECONDS: "0",
      AVATARPOOL_OPERATOR_USER: `system:serviceaccount:${NAMESPACE}:avatarpool-operator`,
      ...env,
    });
    const internalUrl = `http://127.0.0.1:${internalPort}`;
    this.#gateways.push(internalUrl);
    await untilReady(process, `${internalUrl}/readyz`);
    return { process, url: `http://127.0.0.1:${launchPort}`, internalUrl };
  }

  async startOperator({
    image = "avatarpool:test",
    build = this.#build,
    env: more = {},
  }: OperatorOptions = {}): Promise<OperatorProcess> {
    const port = await freePort();
    const consoleEnabled = (await this.#renderedEnv("operator", CONSOLE_PORT_VARIABLE)) !== "";
    const consolePort = consoleEnabled ? await freePort() : undefined;
    const tokenFile = path.join(this.#plane.folder, "load-token");
    await writeFile(tokenFile, await this.#plane.serviceAccountToken(NAMESPACE, "avatarpool-operator", LOAD_AUDIENCE));
    const env = {
      AVATARPOOL_HTTP_PORT: String(port),
      AVATARPOOL_GATEWAYS: this.#gateways.join(","),
      AVATARPOOL_LOAD_TOKEN_FILE: tokenFile,
      AVATARPOOL_IMAGE: image,
      AVATARPOOL_WORKER_PEERS: await this.#renderedEnv("operator", "AVATARPOOL_WORKER_PEERS"),
      ...(consolePort !== undefined && { [CONSOLE_PORT_VARIABLE]: String(consolePort) }),
      ...more,
    };
    const process = await this.#start("operator", "avatarpool-operator", env, build);
    const url = `http://127.0.0.1:${port}`;
    await untilReady(process, `${url}/readyz`);
    return { process, url, consoleUrl: consolePort === undefined ? undefined : `http://127.0.0.1:${consolePort}/` };
  }

  /** Value of an environment variable in the chart's Deployment of a component; empty if it has none. */
  async #renderedEnv(component: string, name: string): Promise<string> {
    const output = `-o=jsonpath={.spec.template.spec.containers[0].env[?(@.name=="${name}")].value}`;
    const { code, stdout, stderr } = await this.#plane.kubectl([
      ...["get", "deployment", `${RELEASE}-${component}`, `--namespace=${NAMESPACE}`, output],
    ]);
    if (code !== 0) throw new Error(`kubectl get deployment failed: ${stderr}`);
    return stdout;
  }

  async #start(command: string, account: string, env: Record<string, string>, build = this.#build): Promise<ProductProcess> {
    const name = `${command}-${this.#processes.length}`;
    const process = new ProductProcess(command, {
      build,
      logFile: path.join(this.#plane.folder, `${name}.log`),
      env: {
        ...env,
        KUBECONFIG: await this.#plane.serviceAccountKubeconfig(NAMESPACE, account),
        AVATARPOOL_HOST: "127.0.0.1",
        POD_NAME: name,
        POD_NAMESPACE: NAMESPACE,
      },
    });
    this.#processes.push(process);
    return process;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop("SIGKILL")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function untilReady(process: ProductProcess, url: string): Promise<void> {
  try {
    await until(`${process.command} to be ready`, READY_MS, async () => !process.running || (await fetch(url)).ok);
    if (process.running) return;
  } catch {
    // The log of the process has more details.
  }
  throw new Error(`${process.command} did not become ready:\n${await process.log()}`);
}
