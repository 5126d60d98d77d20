import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { TimeoutError, until } from "./controlplane/index.ts";
import { programOf } from "./debian.ts";
import { freePort } from "./product/free-port.ts";

const START_LIMIT_MS = 20_000;

/** Waits for the end of its input and then ends the server. The input closes when the parent process ends in any way. */
const DIE_WITH_PARENT = 'server=$1; log=$2; shift 2; "$server" "$@" </dev/null >"$log" 2>&1 & cat; kill -9 $!';

/** A job of targets on loopback. */
export interface Job {
  readonly name: string;
  readonly honorLabels: boolean;
  readonly targets: readonly { readonly url: string; readonly labels: Readonly<Record<string, string>> }[];
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** A real Prometheus on loopback, with its own folder. It scrapes and evaluates every second. */
export class Prometheus implements AsyncDisposable {
  readonly #url: string;
  readonly #end: () => Promise<void>;

  /** @param rules the spec of a PrometheusRule. */
  static async start(jobs: readonly Job[], rules: object): Promise<Prometheus> {
    const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-prometheus-"));
    const file = (name: string) => path.join(folder, name);
    await writeFile(file("rules.yaml"), stringify(rules));
    await writeFile(file("prometheus.yaml"), stringify(configuration(jobs, file("rules.yaml"))));
    const port = await freePort();
    const flags = [
      `--config.file=${file("prometheus.yaml")}`,
      `--storage.tsdb.path=${file("data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ];
    const child = spawn("sh", ["-c", DIE_WITH_PARENT, "sh", programOf("prometheus"), file("log"), ...flags], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const exited = once(child, "exit");
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, async () => {
      child.stdin.end();
      await exited;
      await rm(folder, { recursive: true });
    });
    try {
      await until("prometheus to be ready", START_LIMIT_MS, async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
    } catch (error) {
      const log = await readFile(file("log"), "utf8");
      await prometheus.#end();
      throw error instanceof TimeoutError ? new Error(log, { cause: error }) : error;
    }
    return prometheus;
  }

  get url(): string {
    return this.#url;
  }

  private constructor(url: string, end: () => Promise<void>) {
    this.#url = url;
    this.#end = end;
  }

  /** The result of an instant query. @throws Error with Prometheus' message. */
  async query(expr: string): Promise<readonly Sample[]> {
    return (await this.#get<{ readonly result: readonly Sample[] }>("query", { query: expr })).result;
  }

  async alerts(): Promise<readonly FiringAlert[]> {
    return (await this.#get<{ readonly alerts: readonly FiringAlert[] }>("alerts", {})).alerts;
  }

  async #get<Data>(endpoint: string, parameters: Record<string, string>): Promise<Data> {
    const response = await fetch(`${this.#url}/api/v1/${endpoint}?${new URLSearchParams(parameters)}`);
    const { data, error } = (await response.json()) as { readonly data?: Data; readonly error?: string };
    if (data === undefined) throw new Error(error);
    return data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}

function configuration(jobs: readonly Job[], rules: string) {
  return {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: [rules],
    scrape_configs: jobs.map(({ name, honorLabels, targets }) => ({
      job_name: name,
      honor_labels: honorLabels,
      static_configs: targets.map(({ url, labels }) => ({ targets: [new URL(url).host], labels })),
    })),
  };
}
