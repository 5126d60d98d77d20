import type { Writable } from "node:stream";
import { withFormerNames } from "../../api/former-load-names.ts";
import { LOAD_HEARTBEAT_MS, type LoadReport, type PoolReport } from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { LoadChange, PoolState, PoolSummary } from "./load-book.ts";

/** Changes within this time go out as one line. */
const COALESCE_MS = 50;
/**
 * Rest after a line, for each worker in it: every line of a large pool is long, and who wrote and read one after the other of
 * them would do nothing else. Ten thousand workers are spoken of once a second.
 */
const REST_PER_WORKER_MS = 0.1;
/** A shortage does not wait for that pause: the gateway sends it without the workers, at most this often. */
const SHORTAGE_REST_MS = 100;
/** A reader that lets this much pile up is cut: it opens a new stream, whose first line says everything. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
/** Start-ups kept between two lines, should a reader's line be late; the oldest go first. */
const MAX_STARTUPS = 1_000;

export interface LoadSource {
  /** Keys of all pools. */
  pools(): readonly string[];
  /** Undefined for a pool that is gone. */
  state(pool: string): PoolState | undefined;
  /** The same without its workers. */
  summary(pool: string): PoolSummary | undefined;
  subscribe(listener: (change: LoadChange) => void): () => void;
}

interface Unsaid {
  shortSinceMs: number | undefined;
  readonly startupsMs: number[];
  readonly workerStartups: PoolReport["workerStartups"];
}

const noNews = (): Unsaid => ({ shortSinceMs: undefined, startupsMs: [], workerStartups: [] });

/**
 * Tells one reader about the load until either side ends: first of every pool, then of those that changed, with a
 * heartbeat every second. A shortage goes out in the next turn of the event loop, the rest in lines 50 ms apart, or a little
 * later where a pool has thousands of workers.
 * @param onEnd called once when the stream has ended.
 */
export function streamLoad(
  options: { readonly gateway: string; readonly clock: Clock; readonly source: LoadSource; readonly onEnd?: () => void },
  out: Writable,
): void {
  const { gateway, clock, source } = options;
  const unsaid = new Map<string, Unsaid>();
  /** Pools whose workers this reader knows. */
  const told = new Set<string>();
  let heartbeat = clock.schedule(LOAD_HEARTBEAT_MS, beat);
  let flush: { readonly urgent: boolean; cancel(): void } | undefined;
  let restsUntilMs = 0;
  let shortageSentMs = 0;

  function send(report: Omit<LoadReport, "gateway">): void {
    if (out.writableLength > MAX_BUFFERED_BYTES) {
      out.destroy();
      return;
    }
    const workers = report.pools.reduce((sum, pool) => sum + (pool.workers?.length ?? 0), 0);
    restsUntilMs = Math.max(restsUntilMs, clock.now() + workers * REST_PER_WORKER_MS);
    out.write(`${JSON.stringify(withFormerNames({ gateway, ...report }))}\n`);
  }

  function beat(): void {
    heartbeat = clock.schedule(LOAD_HEARTBEAT_MS, beat);
    send({ full: false, pools: [] });
  }

  function note(change: LoadChange): void {
    const entry = unsaid.get(change.pool) ?? noNews();
    unsaid.set(change.pool, entry);
    entry.shortSinceMs ??= change.shortSinceMs;
    if (change.startupMs !== undefined) entry.startupsMs.push(change.startupMs);
    if (change.startupMs !== undefined && change.worker !== undefined)
      entry.workerStartups.push({ uid: change.worker, startupMs: change.startupMs });
    for (const list of [entry.startupsMs, entry.workerStartups]) if (list.length > MAX_STARTUPS) list.shift();
    flushSoon(change.shortSinceMs !== undefined);
  }

  function flushSoon(urgent: boolean): void {
    if (flush !== undefined && (flush.urgent || !urgent)) return;
    flush?.cancel();
    const nowMs = clock.now();
    const atMs = urgent ? Math.min(restsUntilMs, shortageSentMs + SHORTAGE_REST_MS) : Math.max(restsUntilMs, nowMs + COALESCE_MS);
    flush = { urgent, ...cancelOnly(clock.schedule(Math.max(0, atMs - nowMs), sayUnsaid)) };
  }

  function sayUnsaid(): void {
    flush = undefined;
    const nowMs = clock.now();
    const resting = nowMs < restsUntilMs;
    const all = [...unsaid];
    unsaid.clear();
    const pools = all.flatMap(([pool, news]) => {
      if (!resting || !told.has(pool)) return whole(pool, news);
      // Its workers are spoken of when the rest is over.
      note({ pool });
      return report(source.summary(pool), news);
    });
    if (resting) shortageSentMs = nowMs;
    if (pools.length > 0) send({ full: false, pools });
  }

  function whole(pool: string, news: Unsaid): readonly PoolReport[] {
    const state = source.state(pool);
    if (state === undefined) told.delete(pool);
    else told.add(pool);
    return report(state, news);
  }

  function end(): void {
    unsubscribe();
    heartbeat.cancel();
    flush?.cancel();
    options.onEnd?.();
  }

  const unsubscribe = source.subscribe(note);
  out.once("close", end);
  send({
    full: true,
    pools: source.pools().flatMap((pool) => whole(pool, noNews())),
  });
}

function report(state: PoolSummary | undefined, news: Unsaid): readonly PoolReport[] {
  if (state === undefined) return [];
  const { shortSinceMs, ...startups } = news;
  return [{ ...state, ...(shortSinceMs === undefined ? {} : { shortSinceMs }), ...startups }];
}

function cancelOnly(timer: { cancel(): void }): { cancel(): void } {
  return { cancel: () => timer.cancel() };
}
