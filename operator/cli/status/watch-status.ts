import type { DecisionStatus } from "../../api/v1alpha1/index.ts";
import type { KubeClient } from "../../kube/client.ts";
import { avatarPools } from "../../kube/resource-types.ts";
import { keyOf } from "../../kube/types.ts";
import { runWatcher } from "../../kube/watcher.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import type { AskOperator } from "../ask-operator.ts";
import { noSuchPool } from "../cluster.ts";
import type { Paint } from "../paint.ts";
import { Throttle } from "../throttle.ts";
import { poolLine, poolLines } from "./pool-lines.ts";
import { mergeDecisions, type PoolStatus, poolStatus } from "./pool-status.ts";
import { poolTable } from "./pool-table.ts";
import { DECISIONS_SHOWN, noPools, recentDecisions, type StatusScope, withDecisions } from "./status.ts";
import { WatchedPools } from "./watched-pools.ts";

export interface WatchOptions extends StatusScope {
  readonly wide: boolean;
}

/** Where the view is shown. */
export interface WatchOutput {
  /** A block that is redrawn in place. Otherwise each change is one line. */
  readonly terminal: boolean;
  readonly show: (lines: readonly string[]) => void;
  readonly paint: Paint;
}

export interface WatchSources {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly ask: AskOperator;
  readonly clock: Clock;
  readonly random: Random;
}

/** Four times a second on a terminal. */
const REDRAW_MS = 250;
const LINE_MS = 1_000;
/** Ages are shown in seconds. */
const TICK_MS = 1_000;

/**
 * `avatarpool status --watch`: shows the pools and their changes until the signal aborts. It follows the API server's watch, which
 * reconnects after failures.
 * @throws Error if the first list fails, or if the pool does not exist or is deleted.
 */
export async function watchStatus(
  { client, ask, clock, random }: WatchSources,
  options: WatchOptions,
  output: WatchOutput,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = options;
  const view = new StatusView(options, output, clock);
  using redraw = new Throttle(clock, output.terminal ? REDRAW_MS : LINE_MS, () => view.draw());
  const watched = new WatchedPools(({ metadata }) => name === undefined || metadata?.name === name, redraw.request);
  view.watched = watched;
  // Before the first list there is nothing to draw, and a request would only delay the first drawing.
  const redrawLater = (): void => {
    if (watched.pools !== undefined) redraw.request();
  };
  let tick = { cancel() {} };
  const tickLater = (): void => {
    tick = clock.schedule(TICK_MS, () => {
      redrawLater();
      tickLater();
    });
  };
  if (output.terminal) tickLater();
  if (name !== undefined)
    void recentDecisions(ask, keyOf({ namespace, name }), clock).then((recent) => {
      view.remember(recent);
      redrawLater();
    }, redrawLater);
  const watch = { client, type: avatarPools, namespace, clock, random, sink: watched };
  await runWatcher(watch, AbortSignal.any([signal, view.ended]));
  tick.cancel();
  if (view.problem !== undefined) throw view.problem;
}

/** What was watched, as it is shown. */
class StatusView {
  watched: WatchedPools | undefined;
  /** Why the view ended. */
  problem: unknown;
  readonly #options: WatchOptions;
  readonly #output: WatchOutput;
  readonly #clock: Clock;
  readonly #end = new AbortController();
  #decisions: readonly DecisionStatus[] = [];
  #drawn = false;

  constructor(options: WatchOptions, output: WatchOutput, clock: Clock) {
    this.#options = options;
    this.#output = output;
    this.#clock = clock;
  }

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  remember(decisions: readonly DecisionStatus[]): void {
    this.#decisions = mergeDecisions(this.#decisions, decisions, DECISIONS_SHOWN);
  }

  draw(): void {
    if (this.ended.aborted || this.watched === undefined) return;
    try {
      this.#draw(this.watched);
    } catch (error) {
      this.problem = error;
      this.#end.abort();
    }
  }

  #draw({ pools: found, failure, stale }: WatchedPools): void {
    const { namespace = "", name } = this.#options;
    if (found === undefined) {
      if (failure !== undefined) throw failure;
      return;
    }
    const pools = [...found.values()].map(poolStatus);
    if (name !== undefined) {
      const key = { namespace, name };
      if (pools.length === 0) throw this.#drawn ? new Error(`AvatarPool ${keyOf(key)} was deleted`) : noSuchPool(key);
      this.remember(pools.flatMap(({ decisions }) => decisions));
    }
    this.#drawn = true;
    const shown = pools.map((pool) => withDecisions(pool, this.#decisions));
    this.#output.show(linesOf(shown, stale, this.#options, this.#output, this.#clock.now()));
  }
}

function linesOf(
  pools: readonly PoolStatus[],
  stale: string | undefined,
  { namespace, name, wide }: WatchOptions,
  { terminal, paint }: WatchOutput,
  nowMs: number,
): readonly string[] {
  if (!terminal) return pools.map((pool) => poolLine(pool, nowMs));
  const notice = stale === undefined ? [] : ["", paint("red", `The view is out of date: ${stale}`)];
  const [pool] = pools;
  if (pool === undefined) return [noPools(namespace), ...notice];
  if (name !== undefined && !wide) return [...poolLines(pool, nowMs, paint), ...notice];
  return [...poolTable(pools, { namespaces: namespace === undefined, wide }, nowMs, paint), ...notice];
}
