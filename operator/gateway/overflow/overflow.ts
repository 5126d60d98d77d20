import type { PoolLoad } from "../../api/load-report.ts";
import { groupServes, type PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { CLOUD } from "../claims/cloud-claim.ts";
import type { LaunchClaims } from "../claims/launch-claims.ts";
import { clientGone, LaunchError } from "../errors.ts";
import type { Flight } from "../launch/send-launch.ts";
import type { Served } from "../launch/served.ts";
import type { SessionLocation } from "../sessions/session-location.ts";
import { Shares } from "../workers/shares.ts";
import type { Worker } from "../workers/worker.ts";
import { cloudBody } from "./cloud-body.ts";
import { type CloudBreaker, cloudBreaker } from "./cloud-breaker.ts";
import { CloudLauncher, type CloudLauncherDeps, type CloudReservation } from "./cloud-launcher.ts";
import { CloudSessions, type CloudSessionsDeps } from "./cloud-sessions.ts";
import { type WhyNot, whyNotOverflow } from "./decide.ts";
import { nextWorkerMs } from "./next-worker.ts";
import { notEvenOverflow, overflowErrorSentences, whyNotSentences } from "./sentences.ts";
import { shareOf } from "./share-of.ts";

/** Between two looks whether a launch that waits may leave for the cloud. */
const LOOK_EVERY_MS = 1_000;
/** A launch that the cloud refuses waits for a slot again; it is sent there so often at most. */
const MAX_TRIES = 3;

export interface OverflowDeps
  extends Omit<CloudSessionsDeps, "clock">,
    Pick<CloudLauncherDeps, "cloud" | "secrets" | "metrics" | "tell"> {
  readonly clock: Clock;
  readonly claims: LaunchClaims;
  readonly workersOf: (pool: string) => Iterable<Worker>;
  /** Whether the pool has all sessions that `limits.maxSessions` allows. */
  readonly atSessionLimit: (pool: PoolConfig) => boolean;
}

/** The pool's own way of serving a launch; it is given up when the signal aborts. */
type Own = (waiting: AbortSignal) => Promise<Served>;

/** What came of a launch's wait: it was served, or it leaves for the cloud; `refusal`: because it would be refused here. */
type Waited =
  | { readonly kind: "served"; readonly served: Served }
  | { readonly kind: "leaves"; readonly place: CloudReservation; readonly refusal: LaunchError | undefined };

/**
 * The maker's cloud as the last resort of pools that have `overflow`.
 *
 * Flow: a launch is served by its pool as ever. While it waits, it is looked at every second whether the pool can still serve
 * it ({@link whyNotOverflow}); where not, it leaves the queue and goes to the cloud. So does one that would be refused. One that
 * the cloud refuses waits again at its old place.
 * Guarantees: a launch is in the queue or at the cloud, never both; it is claimed like one that goes to a worker; one whose
 * answer is lost is not sent again while a retry may come. Of this gateway's launches no more run there than its share.
 */
export class Overflow {
  readonly #deps: OverflowDeps;
  readonly #sessions: CloudSessions;
  readonly #launcher: CloudLauncher;
  /** By key of the pool; bounded by the pools that overflow. */
  readonly #breakers = new Map<string, CloudBreaker>();
  #shares = new Shares("");

  constructor(deps: OverflowDeps) {
    this.#deps = deps;
    this.#sessions = new CloudSessions(deps);
    this.#launcher = new CloudLauncher({ ...deps, sessions: this.#sessions });
  }

  /**
   * Serves a launch by its pool, or where that cannot, in the cloud.
   * @param signal aborts when nobody wants it any more.
   * @throws LaunchError
   */
  async orElse(flight: Flight, signal: AbortSignal, own: Own): Promise<Served> {
    const found = await this.#launcher.settle(flight);
    if (found !== undefined) return { answer: found, at: inCloud(flight), earned: false };
    const body = flight.pool.overflow && cloudBody(flight.pool, flight.request);
    if (body === undefined) return own(signal);
    let why = "";
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const waited = await this.#wait(flight, signal, own, why);
      if (waited.kind === "served") return waited.served;
      const sent = await this.#claimAndSend(flight, waited.place, signal, body);
      if (sent.kind === "served") return { answer: sent.answer, at: sent.at ?? inCloud(flight), earned: sent.at === undefined };
      why = overflowErrorSentences[sent.error];
      if (waited.refusal !== undefined) throw notEvenOverflow(waited.refusal, why);
      // Neither another image nor another secret comes with the same launch.
      if (sent.error === "rejected" || flight.request.apiSecret !== undefined) break;
    }
    return own(signal).catch((error: unknown) => {
      throw isShort(error) ? notEvenOverflow(error, why) : error;
    });
  }

  /** Whether a launch has a session in the cloud that still counts. */
  runs(launch: string): Promise<boolean> {
    return this.#sessions.runs(launch);
  }

  /** Whether a launch was sent to the cloud and nobody knows what became of it. */
  doubts(launch: string): boolean {
    return this.#launcher.doubts(launch);
  }

  /** Sessions of a pool in the cloud. */
  count(pool: string): number {
    return this.#sessions.count(pool);
  }

  /** What the operator is told; nothing of a pool that does not overflow. */
  load(pool: PoolConfig, key: string): Pick<PoolLoad, "overflow"> {
    if (pool.overflow === undefined) return {};
    const error = this.#breakers.get(key)?.fault;
    return { overflow: { sessions: this.count(key), ...(error === undefined ? {} : { error }) } };
  }

  /** Other gateways came or went. */
  share(shares: Shares): void {
    this.#shares = shares;
  }

  /** A pool is gone. */
  forget(pool: string): void {
    this.#breakers.delete(pool);
  }

  stop(): void {
    this.#sessions.stop();
  }

  async #wait(flight: Flight, signal: AbortSignal, own: Own, refusedBefore: string): Promise<Waited> {
    const watch = this.#watch(flight);
    try {
      const served = await own(AbortSignal.any([signal, watch.signal]));
      watch.place()?.release();
      return { kind: "served", served };
    } catch (error) {
      const place = watch.place();
      const left = place !== undefined && !signal.aborted && error instanceof LaunchError && error.code === "client_gone";
      if (left) return { kind: "leaves", place, refusal: undefined };
      place?.release();
      if (signal.aborted || !isShort(error)) throw error;
      const last = this.#take(flight, true);
      if (typeof last === "string") throw notEvenOverflow(error, refusedBefore || this.#sentence(flight, last));
      return { kind: "leaves", place: last, refusal: error };
    } finally {
      watch.stop();
    }
  }

  /** Looks from time to time whether the launch may leave the queue; its signal aborts when it has a place in the cloud. */
  #watch(flight: Flight) {
    const { clock } = this.#deps;
    const leave = new AbortController();
    const { arrivedMs } = flight.trace;
    let place: CloudReservation | undefined;
    const look = (): void => {
      const taken = flight.trace.waiting ? this.#take(flight, false) : undefined;
      if (typeof taken !== "object") timer = clock.schedule(LOOK_EVERY_MS, look);
      else {
        place = taken;
        leave.abort();
      }
    };
    const firstMs = arrivedMs + (flight.pool.overflow?.afterMs ?? 0) - clock.now();
    let timer = clock.schedule(Math.max(0, firstMs), look);
    return { signal: leave.signal, place: () => place, stop: () => timer.cancel() };
  }

  /** @returns a place in the cloud, or why there is none for this launch now. */
  #take({ pool, key, keys, preset, request, trace }: Flight, lastChance: boolean): CloudReservation | WhyNot {
    const { overflow, launch } = pool;
    if (overflow === undefined) return "early";
    const nowMs = this.#deps.clock.now();
    const breaker = this.#breakers.get(key) ?? cloudBreaker(this.#deps.clock);
    this.#breakers.set(key, breaker);
    const groups = pool.groups.filter((group) => groupServes(group, preset));
    const why = whyNotOverflow({
      nowMs,
      arrivedMs: trace.arrivedMs,
      deadlineMs: trace.arrivedMs + launch.queueDeadlineMs,
      afterMs: overflow.afterMs,
      lastChance,
      atSessionLimit: this.#deps.atSessionLimit(pool),
      taken: this.count(key),
      share: shareOf(overflow.maxSessions, this.#shares, key),
      circuitOpen: !breaker.allows,
      nextWorkerMs: () => nextWorkerMs(groups, [...this.#deps.workersOf(key)], nowMs),
    });
    if (why !== undefined) return why;
    breaker.begins();
    return { breaker, release: this.#sessions.began({ pool: key, room: request.roomName, livekitUrl: request.livekitUrl, keys }) };
  }

  /** As a worker's launch, one that goes to the cloud is claimed first. The place is released unless a session has begun. */
  async #claimAndSend(flight: Flight, place: CloudReservation, signal: AbortSignal, body: () => string) {
    const launch = this.#deps.claims.of(flight.keys, flight.request.roomName, signal);
    let unused = true;
    try {
      for (;;) {
        const claimed = await launch.claim(CLOUD, [], () => {});
        if (claimed.kind === "served") return claimed;
        if (claimed.kind === "granted") break;
      }
      if (signal.aborted) throw clientGone();
      unused = false;
    } finally {
      if (unused) {
        place.breaker.withdrawn();
        place.release();
      }
    }
    return this.#launcher.send(flight, place, body());
  }

  #sentence({ key }: Flight, why: WhyNot): string {
    const error = this.#breakers.get(key)?.fault;
    return why === "circuit-open" && error !== undefined ? overflowErrorSentences[error.kind] : whyNotSentences[why];
  }
}

function inCloud({ request }: Flight): SessionLocation {
  return { worker: CLOUD.uid, task: undefined, room: request.roomName };
}

/** Whether a launch was refused for want of a slot. */
function isShort(error: unknown): error is LaunchError {
  return error instanceof LaunchError && (error.code === "queue_full" || error.code === "deadline_exceeded");
}
