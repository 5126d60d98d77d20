import path from "node:path";
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import type { Json } from "../../../operator/kube/types.ts";
import { type ControlPlane, until } from "../controlplane/index.ts";
import { ProductProcess } from "./processes.ts";

const LIMIT_MS = 60_000;

export type PodSpec = NonNullable<Json<V1Pod>["spec"]>;

/**
 * Runs pods of AvatarPool's image in place of a kubelet: those of the chart's hooks and Deployments. Kwok runs no containers, so a
 * process of this machine runs instead.
 */
export class PodRunner implements AsyncDisposable {
  readonly #plane: ControlPlane;
  readonly #processes: ProductProcess[] = [];

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  /**
   * Runs the only container of a pod as a process: its command, its plain variables, those of its Secrets, and its
   * ServiceAccount's permissions. `env` replaces what exists only inside a cluster, such as the name of a Service.
   */
  async run(
    { containers: [container], serviceAccountName, automountServiceAccountToken }: PodSpec,
    namespace: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ProductProcess> {
    const [command = ""] = container?.args ?? [];
    const variables = (container?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
    const secrets = (container?.envFrom ?? []).flatMap(({ secretRef }) => secretRef?.name ?? []);
    const account =
      automountServiceAccountToken === false
        ? {}
        : { KUBECONFIG: await this.#plane.serviceAccountKubeconfig(namespace, serviceAccountName ?? "default") };
    const process = new ProductProcess(command, {
      build: "source",
      logFile: path.join(this.#plane.folder, `${namespace}-${command}.log`),
      env: {
        ...Object.assign({}, ...(await Promise.all(secrets.map((name) => this.#secret(namespace, name))))),
        ...Object.fromEntries(variables),
        ...account,
        AVATARPOOL_HOST: "127.0.0.1",
        POD_NAME: `${command}-0`,
        POD_NAMESPACE: namespace,
        ...env,
      },
    });
    this.#processes.push(process);
    return process;
  }

  /** Runs the pod of a hook to its end, and reports its result as a kubelet does. @returns its log. */
  async runHookPod(name: string, namespace: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    let pod: Json<V1Pod> | undefined;
    await until(`the pod ${name}`, LIMIT_MS, async () => {
      pod = await this.#get<Json<V1Pod>>(namespace, "pod", name);
      // Helm first deletes the finished pod of an earlier run.
      return pod.spec !== undefined && !["Succeeded", "Failed"].includes(pod.status?.phase ?? "");
    });
    if (pod?.spec === undefined) throw new Error(`the pod ${name} has no spec`);
    const process = await this.run(pod.spec, namespace, env);
    await until(`${name} to exit`, LIMIT_MS, async () => !process.running);
    await this.#finish(namespace, name, process.exitCode === 0);
    return process.log();
  }

  /**
   * Runs the chart's uninstall hook, during `helm uninstall`: its container runs until the operator has stopped.
   * @param stopOperator stops the operator's process, as the kubelet does once its pods are deleted.
   * @throws Error with the log of the hook if it fails.
   */
  async runUninstallHook(release: string, namespace: string, stopOperator: () => Promise<void>): Promise<void> {
    const name = `${release}-uninstall`;
    let pod = "";
    await until("the uninstall hook's pod", LIMIT_MS, async () => {
      pod = await this.#names(namespace, `--selector=job-name=${name}`);
      return pod !== "";
    });
    const job = await this.#get<Json<V1Job>>(namespace, "job", name);
    if (job.spec === undefined) throw new Error("the hook's Job has no spec");
    const hook = await this.run(job.spec.template.spec as PodSpec, namespace);
    await until("the operator's pods to be removed", LIMIT_MS, async () => {
      return (await this.#names(namespace, "--selector=app.kubernetes.io/component=operator")) === "";
    });
    if (!hook.running) throw new Error(`the hook ended before the operator did:\n${await hook.log()}`);
    await stopOperator();
    await until("the hook to exit", LIMIT_MS, async () => !hook.running);
    if (hook.exitCode !== 0) throw new Error(`the hook failed with ${hook.exitCode}:\n${await hook.log()}`);
    await this.#finish(namespace, pod.replace("pod/", ""), true);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop("SIGKILL")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #finish(namespace: string, pod: string, succeeded: boolean): Promise<void> {
    const patch = JSON.stringify({ status: { phase: succeeded ? "Succeeded" : "Failed" } });
    await this.#kubectl(namespace, "patch", "pod", pod, "--subresource=status", "--type=merge", "--patch", patch);
  }

  async #secret(namespace: string, name: string): Promise<Readonly<Record<string, string>>> {
    const { data = {} } = await this.#get<{ readonly data?: Readonly<Record<string, string>> }>(namespace, "secret", name);
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
  }

  async #names(namespace: string, selector: string): Promise<string> {
    return (await this.#kubectl(namespace, "get", "pods", selector, "-o=name")).trim();
  }

  async #get<T>(namespace: string, ...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.#kubectl(namespace, "get", ...args, "-o=json"));
  }

  async #kubectl(namespace: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#plane.kubectl(["--namespace", namespace, ...args]);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  }
}
