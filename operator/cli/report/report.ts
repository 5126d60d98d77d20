import { DECISIONS_PATH, OPERATOR_HTTP_PORT, WORKERS_PATH } from "../../api/debug.ts";
import { labels } from "../../api/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import {
  avatarPools,
  deployments,
  disruptionBudgets,
  events,
  leases,
  networkPolicies,
  pods,
  replicaSets,
} from "../../kube/resource-types.ts";
import { type KubeObject, keyOf, type ObjectRef, type ResourceType } from "../../kube/types.ts";
import { type AskOperator, leadingOperator } from "../ask-operator.ts";
import { findSources, type LogSource } from "../logs/sources.ts";
import { isMissingRight, missingRight } from "../rights.ts";
import { PART_OF } from "../selectors.ts";
import { redactedText, redactedYaml, valuesIn } from "./redact.ts";
import { secretNames, secretValues } from "./secret-values.ts";

export interface ReportScope {
  readonly namespace: string;
  /** Undefined: all pools of the namespace. */
  readonly pool: string | undefined;
  readonly operator: ObjectRef;
}

export interface ReportDeps {
  readonly client: Pick<KubeClient, "get" | "list" | "sendToPod" | "podLog" | "serverVersion">;
  readonly ask: AskOperator;
  readonly add: (name: string, content: string) => Promise<void>;
  readonly version: string;
  readonly now: () => Date;
}

export interface Missing {
  readonly what: string;
  readonly why: string;
}

/** File, kind, namespace, label selector, and which of these objects. */
type ObjectQuery = readonly [string, ResourceType, string, (string | undefined)?, ((object: KubeObject) => boolean)?];

const PAGE = 500;
const MAX_OBJECTS = 2_000;
const MAX_LOGS = 60;
const LOG_LINES = 2_000;
const LOG_BYTES = 1024 * 1024;
const METRICS_MS = 10_000;

/** Adds everything that a bug report needs, as far as the user may read it. @returns what is missing, and why. */
export async function report(scope: ReportScope, deps: ReportDeps): Promise<readonly Missing[]> {
  return new Report(scope, deps).run();
}

class Report {
  readonly #scope: ReportScope;
  readonly #deps: ReportDeps;
  readonly #missing: Missing[] = [];
  readonly #files: string[] = [];
  /** Texts that no file may contain. */
  #secrets: readonly string[] = [];

  constructor(scope: ReportScope, deps: ReportDeps) {
    this.#scope = scope;
    this.#deps = deps;
  }

  async run(): Promise<readonly Missing[]> {
    const objects = await this.#objects();
    await this.#learnSecrets([...objects.values()].flat());
    for (const [name, items] of objects) await this.#add(`objects/${name}.yaml`, redactedYaml(items, this.#secrets));
    await this.#operator(objects);
    await this.#metrics();
    await this.#logs();
    await this.#manifest();
    return this.#missing;
  }

  /** Lists of objects by file name. */
  async #objects(): Promise<ReadonlyMap<string, readonly KubeObject[]>> {
    const { namespace, pool, operator } = this.#scope;
    const ofPool = pool === undefined ? labels.pool : `${labels.pool}=${pool}`;
    const named = ({ metadata }: KubeObject) => pool === undefined || metadata?.name === pool;
    const lists: readonly ObjectQuery[] = [
      ["pools", avatarPools, namespace, undefined, named],
      ["deployments", deployments, namespace, ofPool],
      ["replicasets", replicaSets, namespace, ofPool],
      ["pods", pods, namespace, ofPool],
      ["poddisruptionbudgets", disruptionBudgets, namespace, ofPool],
      ["networkpolicies", networkPolicies, namespace, ofPool],
      ["events", events, namespace],
      ["installation/deployments", deployments, operator.namespace, PART_OF],
      ["installation/pods", pods, operator.namespace, PART_OF],
      ["installation/networkpolicies", networkPolicies, operator.namespace, PART_OF],
      ["installation/leases", leases, operator.namespace, undefined, ({ metadata }) => metadata?.name === operator.name],
      ["installation/events", events, operator.namespace],
    ];
    const found = new Map<string, readonly KubeObject[]>();
    for (const [name, type, of, labelSelector, keep = () => true] of lists) {
      const items = await this.#attempt(`${type.plural} of namespace ${of}`, () => this.#list(type, of, labelSelector));
      if (items !== undefined) found.set(name, items.filter(keep));
    }
    return found;
  }

  async #list(type: ResourceType, namespace: string, labelSelector: string | undefined): Promise<readonly KubeObject[]> {
    const items: KubeObject[] = [];
    let next: string | undefined;
    do {
      const page = await this.#deps.client.list(type, {
        ...{ namespace, limit: PAGE },
        ...(labelSelector !== undefined && { labelSelector }),
        ...(next !== undefined && { continue: next }),
      });
      items.push(...page.items);
      next = page.continue;
    } while (next !== undefined && items.length < MAX_OBJECTS);
    if (next !== undefined)
      this.#missing.push({ what: `further ${type.plural} of namespace ${namespace}`, why: `there are more than ${MAX_OBJECTS}` });
    return items;
  }

  /** Reads the Secrets that the pools use, so that logs and messages do not contain their values. */
  async #learnSecrets(objects: readonly KubeObject[]): Promise<void> {
    const { namespace } = this.#scope;
    const names = secretNames(objects);
    const values = await secretValues(this.#deps.client, namespace, names, (name, error) =>
      this.#missing.push({
        what: `the removal of the values of Secret ${name} from logs`,
        why: `${reasonOf(error)}. Values that look like secrets are removed anyway`,
      }),
    );
    this.#secrets = [...new Set([...values, ...valuesIn(objects)])];
  }

  async #operator(objects: ReadonlyMap<string, readonly KubeObject[]>): Promise<void> {
    for (const { metadata } of objects.get("pools") ?? []) {
      const pool = keyOf(metadata ?? {});
      for (const [name, path] of [
        ["decisions", DECISIONS_PATH],
        ["workers", WORKERS_PATH],
      ] as const) {
        const page = await this.#attempt(`${name} of pool ${pool}`, () => this.#deps.ask(path, { pool }));
        if (page !== undefined)
          await this.#add(`operator/${metadata?.name}/${name}.json`, this.#text(JSON.stringify(page, undefined, 2)));
      }
    }
  }

  async #metrics(): Promise<void> {
    const { client } = this.#deps;
    const leader = await this.#attempt("metrics of the operator", () => leadingOperator(client, this.#scope.operator));
    const { sources } = await findSources(client, this.#logScope());
    const gateways = sources
      .filter(({ component, container }) => component === "gateway" && container === "gateway")
      .map(({ pod }) => pod);
    for (const pod of [...(leader === undefined ? [] : [leader]), ...gateways]) {
      const text = await this.#attempt(`metrics of ${pod.name}`, async () => {
        const request = { method: "GET", path: "/metrics", timeoutMs: METRICS_MS } as const;
        const { status, body } = await client.sendToPod(pod, { port: OPERATOR_HTTP_PORT }, request);
        if (status !== 200) throw new Error(`the pod responded with status ${status}`);
        return body;
      });
      if (text !== undefined) await this.#add(`metrics/${pod.name}.txt`, this.#text(text));
    }
  }

  async #logs(): Promise<void> {
    const { sources, unlisted } = await findSources(this.#deps.client, this.#logScope());
    for (const { what, error } of unlisted) this.#missing.push({ what: `logs of ${what}`, why: reasonOf(error) });
    if (sources.length > MAX_LOGS)
      this.#missing.push({
        what: `logs of ${sources.length - MAX_LOGS} containers`,
        why: `at most ${MAX_LOGS} logs are collected: name a pool`,
      });
    for (const source of sources.slice(0, MAX_LOGS)) {
      const restarts = Number(source.key.split("/").at(-1));
      for (const previous of restarts > 0 ? [true, false] : [false]) {
        const name = `${source.pod.namespace}/${source.pod.name}/${source.container}${previous ? ".previous" : ""}`;
        const text = await this.#attempt(`log ${name}`, () => this.#log(source, previous));
        if (text !== undefined) await this.#add(`logs/${name}.log`, this.#text(text));
      }
    }
  }

  async #log({ pod, container }: LogSource, previous: boolean): Promise<string> {
    const query = { container, timestamps: true, tailLines: LOG_LINES, limitBytes: LOG_BYTES, ...(previous && { previous }) };
    const lines: string[] = [];
    for await (const line of this.#deps.client.podLog(pod, query)) lines.push(line);
    return `${lines.join("\n")}\n`;
  }

  async #manifest(): Promise<void> {
    const { version, now, client } = this.#deps;
    const kubernetes = await this.#attempt("version of Kubernetes", () => client.serverVersion());
    const { namespace, pool, operator } = this.#scope;
    const manifest = {
      createdAt: now().toISOString(),
      ...{ cli: version, kubernetes, namespace, pool, operator: keyOf(operator) },
      redaction:
        "Secrets are not collected. Values of environment variables and of HTTP headers are removed. Known values of Secrets, tokens, passwords and queries of URLs are removed from all texts.",
      files: this.#files,
      missing: this.#missing,
    };
    await this.#add("manifest.json", this.#text(JSON.stringify(manifest, undefined, 2)));
  }

  #logScope() {
    const { namespace, pool, operator } = this.#scope;
    return { namespace, pool, operatorNamespace: operator.namespace };
  }

  #text(text: string): string {
    return redactedText(text, this.#secrets);
  }

  async #add(name: string, content: string): Promise<void> {
    this.#files.push(name);
    await this.#deps.add(name, content);
  }

  /** Notes a failure, and continues without this part. */
  async #attempt<T>(what: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      this.#missing.push({ what, why: reasonOf(error) });
      return undefined;
    }
  }
}

function reasonOf(error: unknown): string {
  if (isMissingRight(error)) return missingRight(error);
  if (isNotFound(error)) return "it does not exist any more";
  return error instanceof Error ? error.message : String(error);
}
