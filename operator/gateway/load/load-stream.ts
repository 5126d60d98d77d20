import type { Writable } from "node:stream";
import { withFormerNames } from "../../api/former-load-names.ts";
import { LOAD_HEARTBEAT_MS, type LoadReport, type PoolReport } from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { LoadChange, PoolState, PoolSummary } from "./load-book.ts";

/** Changes within this time are sent as one line. */
const COALESCE_MS = 50;
/**
 * Pause after a line, per worker in it. The lines of a large pool are long, and without a pause writing and reading them would
 * take all of the time. A pool of ten thousand workers is reported once a second.
 */
const PAUSE_PER_WORKER_MS = 0.1;
/** A shortage does not wait for that pause: the gateway sends it without the workers, at most this often. */
const SHORTAGE_INTERVAL_MS = 100;
/** A reader with more unread bytes is disconnected. It opens a new stream, whose first line contains everything. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
/** Maximum number of start-ups between two lines; the oldest are dropped. */
const MAX_STARTUPS = 1_000;

export interface LoadSource {
  pools(): readonly string[];
  /** Undefined for a deleted pool. */
  state(pool: string): PoolState | undefined;
  summary(pool: string): PoolSummary | undefined;
  subscribe(listener: (change: LoadChange) => void): () => void;
}

interface Pending {
  shortSinceMs: number | undefined;
  readonly startupsMs: number[];
  readonly workerStartups: PoolReport["workerStartups"];
}

const nothingPending = (): Pending => ({ shortSinceMs: undefined, startupsMs: [], workerStartups: [] });

/**
 * Streams load reports to one reader until either side ends: first every pool, then the pools that changed, with a heartbeat
 * every second. A shortage is sent in the next turn of the event loop. Other changes are sent in lines 50 ms apart, or later if a
 * pool has thousands of workers.
 * @param onEnd called once when the stream has ended.
 */
export function streamLoad(
  options: { readonly gateway: string; readonly clock: Clock; readonly source: LoadSource; readonly onEnd?: () => void },
  out: Writable,
): void {
  const { gateway, clock, source } = options;
  const pending = new Map<string, Pending>();
  /** Pools whose workers this reader has received. */
  const reported = new Set<string>();
  let heartbeat = clock.schedule(LOAD_HEARTBEAT_MS, beat);
  let flush: { readonly urgent: boolean; cancel(): void } | undefined;
  let pausedUntilMs = 0;
  let shortageSentMs = 0;

  function send(report: Omit<LoadReport, "gateway">): void {
    if (out.writableLength > MAX_BUFFERED_BYTES) {
      out.destroy();
      return;
    }
    const workers = report.pools.reduce((sum, pool) => sum + (pool.workers?.length ?? 0), 0);
    pausedUntilMs = Math.max(pausedUntilMs, clock.now() + workers * PAUSE_PER_WORKER_MS);
    out.write(`${JSON.stringify(withFormerNames({ gateway, ...report }))}\n`);
  }

  function beat(): void {
    heartbeat = clock.schedule(LOAD_HEARTBEAT_MS, beat);
    send({ full: false, pools: [] });
  }

  function note(change: LoadChange): void {
    const entry = pending.get(change.pool) ?? nothingPending();
    pending.set(change.pool, entry);
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
    const atMs = urgent
      ? Math.min(pausedUntilMs, shortageSentMs + SHORTAGE_INTERVAL_MS)
      : Math.max(pausedUntilMs, nowMs + COALESCE_MS);
    const timer = clock.schedule(Math.max(0, atMs - nowMs), sendPending);
    flush = { urgent, cancel: () => timer.cancel() };
  }

  function sendPending(): void {
    flush = undefined;
    const nowMs = clock.now();
    const paused = nowMs < pausedUntilMs;
    const all = [...pending];
    pending.clear();
    const pools = all.flatMap(([pool, happened]) => {
      if (!paused || !reported.has(pool)) return withWorkers(pool, happened);
      // Its workers follow after the pause.
      note({ pool });
      return report(source.summary(pool), happened);
    });
    if (paused) shortageSentMs = nowMs;
    if (pools.length > 0) send({ full: false, pools });
  }

  function withWorkers(pool: string, happened: Pending): readonly PoolReport[] {
    const state = source.state(pool);
    if (state === undefined) reported.delete(pool);
    else reported.add(pool);
    return report(state, happened);
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
    pools: source.pools().flatMap((pool) => withWorkers(pool, nothingPending())),
  });
}

function report(state: PoolSummary | undefined, happened: Pending): readonly PoolReport[] {
  if (state === undefined) return [];
  const { shortSinceMs, ...startups } = happened;
  return [{ ...state, ...(shortSinceMs === undefined ? {} : { shortSinceMs }), ...startups }];
}
