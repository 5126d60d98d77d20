import type { OverflowErrorKind, PoolLoad } from "../../api/load-report.ts";
import { groupServes, type PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { LaunchError } from "../errors.ts";
import { Shares } from "../workers/shares.ts";
import type { Worker } from "../workers/worker.ts";
import { cloudBody, cloudEngine } from "./cloud-body.ts";
import { type CloudBreaker, cloudBreaker } from "./cloud-breaker.ts";
import { CloudLauncher, type CloudLauncherDeps, type CloudReservation } from "./cloud-launcher.ts";
import { CloudSessions, type CloudSessionsDeps } from "./cloud-sessions.ts";
import { type WhyNot, whyNotOverflow } from "./decide.ts";
import { nextWorkerMs } from "./next-worker.ts";
import type { OverflowLaunch } from "./overflow-launch.ts";
import { overflowErrorSentences, overflowFailed, whyNotSentences } from "./sentences.ts";
import { shareOf } from "./share-of.ts";

/** Interval at which the gateway checks whether a queued launch may leave for the cloud. */
const CHECK_EVERY_MS = 1_000;
/** Number of times that one launch is sent to the cloud. After each refusal it waits for a slot again. */
const MAX_TRIES = 3;

export interface OverflowDeps
  extends Omit<CloudSessionsDeps, "clock">,
    Pick<CloudLauncherDeps, "cloud" | "secrets" | "metrics" | "onEvent"> {
  readonly clock: Clock;
  readonly workersOf: (pool: string) => Iterable<Worker>;
  /** Whether the pool has all sessions that `limits.maxSessions` allows. */
  readonly atSessionLimit: (pool: PoolConfig) => boolean;
}

/**
 * The maker's cloud, the last resort of pools that have `overflow`.
 *
 * Flow: a launch waits for a slot. Every second the gateway checks whether the pool can still serve the launch in time
 * ({@link whyNotOverflow}). If not, the launch leaves the queue with a reservation and is sent to the cloud. A launch that the queue
 * refuses has one {@link lastChance}. A launch that the cloud refuses waits for a slot again.
 * Guarantees: this gateway has no more sessions there than its share. A launch whose answer is lost is not sent again while its
 * client may retry.
 */
export class Overflow {
  readonly #deps: OverflowDeps;
  readonly #sessions: CloudSessions;
  /** Sends the launches that have a reservation. */
  readonly launcher: CloudLauncher;
  /** By key of the pool; bounded by the pools that overflow. */
  readonly #breakers = new Map<string, CloudBreaker>();
  #shares = new Shares("");

  constructor(deps: OverflowDeps) {
    this.#deps = deps;
    this.#sessions = new CloudSessions(deps);
    this.launcher = new CloudLauncher({ ...deps, sessions: this.#sessions });
  }

  /**
   * How a launch leaves the queue; undefined if it cannot be sent to the cloud.
   * @param errors why the cloud has refused this launch before.
   */
  exit(launch: OverflowLaunch, errors: readonly OverflowErrorKind[]) {
    const { pool, arrivedMs } = launch;
    const body = cloudBody(pool, launch.request);
    if (pool.overflow === undefined || body === undefined || !mayTry(launch, errors)) return undefined;
    const take = (): CloudReservation | undefined => {
      const reserved = this.#reserve(launch, body, false);
      return typeof reserved === "object" ? reserved : undefined;
    };
    return { fromMs: arrivedMs + pool.overflow.afterMs, everyMs: CHECK_EVERY_MS, take };
  }

  /**
   * For a launch that the queue refuses.
   * @param errors why the cloud has refused this launch before.
   * @returns a reservation in the cloud, or else the error for the client.
   */
  lastChance(launch: OverflowLaunch, refusal: LaunchError, errors: readonly OverflowErrorKind[]): CloudReservation | LaunchError {
    const { pool, key, request } = launch;
    const body = cloudBody(pool, request);
    if (pool.overflow === undefined || body === undefined) return refusal;
    const reserved = mayTry(launch, errors) ? this.#reserve(launch, body, true) : undefined;
    if (typeof reserved === "object") return reserved;
    const fault = reserved === "circuit-open" ? this.#breakers.get(key)?.fault?.kind : undefined;
    const error = errors.at(-1) ?? fault;
    if (error !== undefined) return overflowFailed(refusal, overflowErrorSentences[error]);
    return reserved === undefined ? refusal : overflowFailed(refusal, whyNotSentences[reserved]);
  }

  /** Whether a launch has a session in the cloud that still counts. */
  runs(launch: string): Promise<boolean> {
    return this.#sessions.runs(launch);
  }

  /** Number of a pool's sessions in the cloud. */
  count(pool: string): number {
    return this.#sessions.count(pool);
  }

  /** The overflow part of the load report; empty if the pool has no `overflow`. */
  load(pool: PoolConfig, key: string): Pick<PoolLoad, "overflow"> {
    if (pool.overflow === undefined) return {};
    const error = this.#breakers.get(key)?.fault;
    return { overflow: { sessions: this.count(key), ...(error === undefined ? {} : { error }) } };
  }

  /** The set of live gateways has changed. */
  share(shares: Shares): void {
    this.#shares = shares;
  }

  /** A pool was removed. */
  forget(pool: string): void {
    this.#breakers.delete(pool);
  }

  stop(): void {
    this.#sessions.stop();
  }

  #reserve(launch: OverflowLaunch, body: () => string, lastChance: boolean): CloudReservation | WhyNot {
    const { pool, key, keys, preset, request, arrivedMs, deadlineMs } = launch;
    const { overflow } = pool;
    if (overflow === undefined) return "early";
    const nowMs = this.#deps.clock.now();
    const breaker = this.#breakers.get(key) ?? cloudBreaker(this.#deps.clock);
    this.#breakers.set(key, breaker);
    const groups = pool.groups.filter((group) => groupServes(group, preset));
    const why = whyNotOverflow({
      nowMs,
      arrivedMs,
      deadlineMs,
      afterMs: overflow.afterMs,
      lastChance,
      atSessionLimit: this.#deps.atSessionLimit(pool),
      taken: this.count(key),
      share: shareOf(overflow.maxSessions, this.#shares, key),
      overBudget: pool.credits?.budget?.stopOverflow === true && pool.credits.budget.exceeded,
      circuitOpen: !breaker.allows,
      nextWorkerMs: () => nextWorkerMs(groups, [...this.#deps.workersOf(key)], nowMs),
    });
    if (why !== undefined) return why;
    breaker.begins();
    const engine = cloudEngine(pool, preset).name;
    const begun = this.#sessions.began({ pool: key, room: request.roomName, livekitUrl: request.livekitUrl, keys, engine });
    return { breaker, body, ...begun };
  }
}

/** The cloud rejects the same launch, and the same client's secret, again. */
function mayTry({ request }: OverflowLaunch, errors: readonly OverflowErrorKind[]): boolean {
  if (errors.length === 0) return true;
  return errors.length < MAX_TRIES && errors.at(-1) !== "rejected" && request.apiSecret === undefined;
}
