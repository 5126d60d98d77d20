import type { DecisionMark, History } from "../api/console.ts";
import { poolKey } from "../api/pool-config.ts";
import type { PoolControllers } from "../pool/controllers.ts";
import { decisionMark } from "./decision-mark.ts";
import { PoolViews, type PoolViewsDeps } from "./pool-views.ts";
import type { ConsoleSource } from "./source.ts";

export interface PoolConsoleDeps extends PoolViewsDeps {
  readonly sinceMs: number;
  readonly onReported: PoolControllers["onReported"];
}

type Changed = Parameters<ConsoleSource["onChange"]>[0];
type Added = Parameters<ConsoleSource["onHistory"]>[0];

/** The console's data from the memory of the leading operator. */
export class PoolConsole implements ConsoleSource {
  readonly sinceMs: number;
  readonly history = "memory";
  readonly #deps: PoolConsoleDeps;
  readonly #views: PoolViews;
  readonly #changed = new Set<Changed>();
  readonly #added = new Set<Added>();

  constructor(deps: PoolConsoleDeps) {
    this.#deps = deps;
    this.sinceMs = deps.sinceMs;
    this.#views = new PoolViews(deps);
    deps.onReported((key) => this.#reported(key));
  }

  fleet(): ReturnType<ConsoleSource["fleet"]> {
    return this.#views.fleet();
  }

  pool(key: string): ReturnType<ConsoleSource["pool"]> {
    return this.#views.pool(key);
  }

  onChange(changed: Changed): () => void {
    this.#changed.add(changed);
    return () => this.#changed.delete(changed);
  }

  onHistory(added: Added): () => void {
    this.#added.add(added);
    return () => this.#added.delete(added);
  }

  /** Gateways connected or disconnected, so every row may be stale or no longer. */
  gatewaysChanged(): void {
    if (this.#changed.size === 0) return;
    for (const { config } of this.#deps.pools.values()) for (const changed of this.#changed) changed(poolKey(config));
  }

  async historyOf(key: string, fromMs: number, toMs: number): Promise<History | undefined> {
    const memory = this.#deps.memory(key);
    if (memory === undefined) return undefined;
    const decisions = memory.decisions.changes.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(decisionMark);
    return { fromMs, toMs, stepMs: 5_000, samples: [], decisions };
  }

  decision(): undefined {
    return undefined;
  }

  replay(): undefined {
    return undefined;
  }

  sessions(): Promise<never> {
    return Promise.reject(unsupported());
  }

  stopSessions(): Promise<never> {
    return Promise.reject(unsupported());
  }

  launch(): Promise<never> {
    return Promise.reject(unsupported());
  }

  #reported(key: string): void {
    if (this.#deps.pools.get(key) === undefined) this.#views.forget(key);
    for (const changed of this.#changed) changed(key);
    if (this.#added.size === 0) return;
    const decisions = this.#newDecisions(key);
    if (decisions.length > 0) for (const added of this.#added) added(key, { decisions });
  }

  #newDecisions(key: string): readonly DecisionMark[] {
    const memory = this.#deps.memory(key);
    const atMs = memory?.reported?.snapshot.nowMs;
    return (memory?.decisions.changes ?? []).filter((record) => record.atMs === atMs).map(decisionMark);
  }
}

function unsupported(): Error {
  return new Error("the console of this version does not read sessions: use the gateway's HTTP API");
}
