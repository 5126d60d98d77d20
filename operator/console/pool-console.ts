import type { DecisionDetail, History, ReplayInputs, SessionsPage, TestLaunch, TestLaunchResult } from "../api/console.ts";
import { poolKey } from "../api/pool-config.ts";
import { refOf } from "../kube/types.ts";
import type { PoolControllers } from "../pool/controllers.ts";
import { HISTORY_MS } from "../pool/history/pool-history.ts";
import type { Clock } from "../runtime/clock.ts";
import { decisionDetail } from "./decision-detail.ts";
import { decisionId, decisionMark } from "./decision-mark.ts";
import type { GatewayClient } from "./gateway-client.ts";
import { LiveSamples } from "./live-samples.ts";
import { PoolViews, type PoolViewsDeps } from "./pool-views.ts";
import type { PrometheusHistory } from "./prometheus/prometheus-history.ts";
import { replayInputs } from "./replay-inputs.ts";
import type { ConsoleSource } from "./source.ts";

export interface PoolConsoleDeps extends PoolViewsDeps {
  readonly sinceMs: number;
  readonly clock: Clock;
  readonly onReported: PoolControllers["onReported"];
  readonly gateway: Pick<GatewayClient, "sessions" | "stopSessions" | "launch">;
  /** Has what the memory does not have any more. */
  readonly prometheus?: Pick<PrometheusHistory, "between"> | undefined;
}

type Changed = Parameters<ConsoleSource["onChange"]>[0];
type Added = Parameters<ConsoleSource["onHistory"]>[0];

/** The console's data from the memory of the leading operator. */
export class PoolConsole implements ConsoleSource {
  readonly sinceMs: number;
  readonly history: ConsoleSource["history"];
  readonly #deps: PoolConsoleDeps;
  readonly #views: PoolViews;
  readonly #samples: LiveSamples;
  /** By pool: the id of the last change of size that was reported. */
  readonly #lastChange = new Map<string, string>();
  readonly #changed = new Set<Changed>();
  readonly #added = new Set<Added>();

  constructor(deps: PoolConsoleDeps) {
    this.#deps = deps;
    this.sinceMs = deps.sinceMs;
    this.history = deps.prometheus === undefined ? "memory" : "prometheus";
    this.#views = new PoolViews(deps);
    this.#samples = new LiveSamples({
      clock: deps.clock,
      keys: () => [...deps.pools.values()].map(({ config }) => poolKey(config)),
      memory: deps.memory,
      onSample: (key, sample) => this.#add(key, { decisions: [], sample }),
    });
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
    this.#samples.start();
    return () => {
      this.#added.delete(added);
      if (this.#added.size === 0) this.#samples.stop();
    };
  }

  /** Gateways connected or disconnected, so every row may be stale or no longer. */
  gatewaysChanged(): void {
    if (this.#changed.size === 0) return;
    for (const { config } of this.#deps.pools.values()) for (const changed of this.#changed) changed(poolKey(config));
  }

  async historyOf(key: string, fromMs: number, toMs: number): Promise<History | undefined> {
    const memory = this.#deps.memory(key);
    if (memory === undefined) return undefined;
    const { clock, prometheus } = this.#deps;
    const nowMs = clock.now();
    const decisions = memory.decisions.changes.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(decisionMark);
    const isForgotten = fromMs < Math.max(this.sinceMs, nowMs - HISTORY_MS);
    const long = isForgotten ? await prometheus?.between(key, fromMs, Math.min(toMs, nowMs)) : undefined;
    return { fromMs, toMs, ...(long ?? memory.history.between(fromMs, toMs, nowMs)), decisions };
  }

  decision(key: string, id: string): DecisionDetail | undefined {
    const changes = this.#deps.memory(key)?.decisions.changes ?? [];
    const record = changes.find((change) => decisionId(change) === id) ?? this.#views.latest(key, id);
    return record && decisionDetail(record);
  }

  replay(key: string): ReplayInputs | undefined {
    const view = this.#deps.pools.get(key);
    if (view === undefined) return undefined;
    const nowMs = this.#deps.clock.now();
    const { stepMs, samples } = this.#deps.memory(key)?.history.between(nowMs - HISTORY_MS, nowMs, nowMs) ?? {
      stepMs: 0,
      samples: [],
    };
    return replayInputs(view, samples, stepMs);
  }

  sessions(key: string): Promise<SessionsPage> {
    return this.#deps.gateway.sessions(...partsOf(key));
  }

  stopSessions(key: string, room: string): Promise<number> {
    return this.#deps.gateway.stopSessions(...partsOf(key), room);
  }

  launch(key: string, { preset, livekitUrl, livekitToken, room }: TestLaunch, signal: AbortSignal): Promise<TestLaunchResult> {
    const form = { livekit_url: livekitUrl, livekit_token: livekitToken, room_name: room };
    return this.#deps.gateway.launch(...partsOf(key), { ...form, ...(preset !== undefined && { avatar_id: preset }) }, signal);
  }

  #reported(key: string): void {
    const memory = this.#deps.memory(key);
    if (this.#deps.pools.get(key) === undefined) this.#forget(key);
    for (const changed of this.#changed) changed(key);
    const changes = memory?.decisions.changes ?? [];
    const [last] = changes.slice(-1);
    const before = this.#lastChange.get(key);
    const news = changes.slice(changes.findLastIndex((change) => decisionId(change) === before) + 1);
    if (last !== undefined) this.#lastChange.set(key, decisionId(last));
    if (news.length > 0) this.#add(key, { decisions: news.map(decisionMark) });
  }

  #forget(key: string): void {
    this.#views.forget(key);
    this.#lastChange.delete(key);
  }

  #add(...news: Parameters<Added>): void {
    for (const added of this.#added) added(...news);
  }
}

function partsOf(key: string): readonly [namespace: string, name: string] {
  const { namespace, name } = refOf(key);
  return [namespace, name];
}
