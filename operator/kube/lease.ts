import type { Clock, Random, WallClock } from "../runtime/clock.ts";
import { startDeadline } from "../runtime/deadline.ts";
import { elapsedMs, type Moment, momentNow } from "../runtime/moment.ts";
import { sleep } from "../runtime/sleep.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { KubeClient } from "./client.ts";
import { isConflict } from "./errors.ts";
import { acquired, holderOf, type Lease, released } from "./lease-record.ts";
import { leases } from "./resource-types.ts";
import { keyOf, type ObjectRef } from "./types.ts";

export interface LeaderElectOptions {
  readonly client: Pick<KubeClient, "get" | "create" | "replace">;
  readonly lease: ObjectRef;
  /** Unique among the candidates, such as the pod's name. */
  readonly identity: string;
  /** Annotations of the lease while this candidate holds it. A value that is undefined removes the one of an earlier holder. */
  readonly annotations?: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Detects an expired lease after a suspension, which timers do not. */
  readonly wallClock: WallClock;
  readonly random: Random;
  /** How long other candidates wait after the last observed change of the lease. Default: 15 s. */
  readonly leaseMs?: number;
  /** The leader gives up after this time without a renewal. Default: 10 s. Must be less than `leaseMs`. */
  readonly renewDeadlineMs?: number;
  /** Interval between attempts to acquire or renew. Default: 2 s. */
  readonly retryMs?: number;
  readonly logger: Logger;
  /**
   * The leader's work. It must end soon after `leading` aborts, and start nothing new after that. `holds` returns whether this
   * process still holds the lease by the steady clock and by the wall clock. If not, `leading` aborts.
   */
  readonly onElected: (leading: AbortSignal, holds: () => boolean) => Promise<void>;
  /**
   * Called while waiting, whenever the holder of the lease changes; undefined without a holder.
   * @param annotations those of the lease.
   */
  readonly onHolder?: (holder: string | undefined, annotations: Readonly<Record<string, string>>) => void;
  readonly signal: AbortSignal;
}

/**
 * Waits until this candidate leads, runs `onElected`, and holds the lease meanwhile.
 *
 * Expected flow: acquire -> `onElected` runs, the lease is renewed every `retryMs` -> the signal aborts -> `leading` aborts
 * -> `onElected` ends -> the lease is released -> "stopped".
 *
 * Guarantees
 * - `leading` aborts before another candidate can lead: it aborts `renewDeadlineMs` after the last renewal was *sent*, and
 *   others wait `leaseMs` after they saw that renewal, which is later.
 * - The lease is released only after `onElected` has ended.
 * - Clocks of machines are never compared: a lease has expired if it did not change for `leaseMs` of the local timer.
 *
 * Caveats
 * - A machine that is suspended for longer than `leaseMs` resumes as a second leader until its timers run. Every write must
 *   check `holds` first. A write that was sent before the loss may arrive after it, so that optimistic writes and level-based
 *   reconciles remain necessary.
 * - A wall clock that is set forward by more than `renewDeadlineMs` ends the leadership, even without a suspension.
 *
 * Errors: failures of the API are logged and retried. An error of `onElected` is thrown after the lease is released.
 * @returns "lost" if another candidate leads or the deadline has passed, so that the process must end; else "stopped".
 */
export async function leaderElect(options: LeaderElectOptions): Promise<"lost" | "stopped"> {
  const election = new Election(options);
  return (await election.acquire()) ? election.lead() : "stopped";
}

class Election {
  readonly #options: LeaderElectOptions;
  readonly #leaseMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  /** A hanging attempt must leave time for the next one. */
  readonly #attemptMs: number;
  /** The lease as last written or read. */
  #lease: Lease | undefined;
  /** Whether the local timer of another holder's lease has expired since the lease last changed. */
  #observed: { readonly version: string | undefined; expired: boolean; readonly timer: { cancel(): void } } | undefined;
  /** Fires `renewDeadlineMs` after the last successful write was sent. A timer, since the wall clock may jump. */
  #deadline: { cancel(): void } | undefined;
  #onDeadline = () => {};
  /** When the last successful write was sent. */
  #renewed: Moment;

  constructor(options: LeaderElectOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2_000;
    this.#attemptMs = this.#renewDeadlineMs / 2;
    if (this.#renewDeadlineMs >= this.#leaseMs) throw new RangeError("renewDeadlineMs must be less than leaseMs");
    this.#renewed = this.#now();
  }

  /** @returns false if the signal aborted before this candidate led. */
  async acquire(): Promise<boolean> {
    const { signal, clock, random, logger, lease, identity, onHolder } = this.#options;
    let holder: string | undefined;
    while (!signal.aborted) {
      if (await this.#tryToHold(signal)) {
        logger.info({ lease: keyOf(lease), identity }, "leading");
        return true;
      }
      const current = this.#lease && holderOf(this.#lease);
      if (current !== holder) {
        logger.info({ lease: keyOf(lease), identity, holder: current }, "waiting for the lease");
        onHolder?.(current, this.#lease?.metadata?.annotations ?? {});
      }
      holder = current;
      // Up to 20 % longer, so that candidates do not synchronize.
      await sleep(clock, this.#retryMs * (1 + random() * 0.2), signal);
    }
    this.#cancelTimers();
    return false;
  }

  async lead(): Promise<"lost" | "stopped"> {
    const { signal, clock, logger, lease, onElected } = this.#options;
    const leading = new AbortController();
    /** Ends the renewals: the work has ended, or the leadership is lost. */
    const ending = new AbortController();
    let lost = false;
    const lose = (why: string) => {
      if (ending.signal.aborted) return;
      lost = true;
      logger.error({ lease: keyOf(lease) }, `leadership lost: ${why}`);
      leading.abort(new Error(`leadership lost: ${why}`));
      ending.abort();
    };
    this.#onDeadline = () => lose("the lease was not renewed in time");
    const onStop = () => leading.abort(signal.reason);
    signal.addEventListener("abort", onStop, { once: true });
    if (signal.aborted) onStop();

    const holds = () => {
      // Decisions from before a suspension must not be written after it, even if no other candidate led meanwhile.
      if (this.#isOver)
        lose("the lease was not renewed in time by the wall clock: the machine was suspended, or its clock was changed");
      return !leading.signal.aborted;
    };
    const work = (async () => onElected(leading.signal, holds))();
    const ended = () => ending.abort();
    work.then(ended, ended);
    while (!ending.signal.aborted) {
      await sleep(clock, this.#retryMs, ending.signal);
      // At the latest here, a machine detects that it was suspended.
      holds();
      if (ending.signal.aborted || (await this.#tryToHold(ending.signal))) continue;
      const holder = this.#lease && holderOf(this.#lease);
      if (holder !== undefined && holder !== this.#options.identity) lose(`${holder} holds the lease`);
    }
    signal.removeEventListener("abort", onStop);
    if (!lost) await this.#release();
    this.#cancelTimers();
    if (lost) return "lost";
    await work;
    return "stopped";
  }

  /** One attempt to acquire or renew. Failures of the API are logged. */
  async #tryToHold(signal: AbortSignal): Promise<boolean> {
    const { clock, identity, annotations, lease: ref, logger } = this.#options;
    const attempt = startDeadline(clock, this.#attemptMs, signal);
    let deadline: { cancel(): void } | undefined;
    try {
      // The holder has the current lease, so one request renews it. After a conflict it reads the lease again.
      if (this.#lease === undefined || holderOf(this.#lease) !== identity) await this.#read(attempt.signal);
      if (!this.#isFree()) return false;
      deadline = clock.schedule(this.#renewDeadlineMs, () => this.#onDeadline());
      const sent = this.#now();
      const lease = acquired(this.#lease, ref, { identity, annotations }, this.#leaseMs, clock.now());
      this.#lease = await this.#write(lease, attempt.signal);
      this.#deadline?.cancel();
      this.#deadline = deadline;
      this.#renewed = sent;
      return true;
    } catch (error) {
      deadline?.cancel();
      if (isConflict(error)) await this.#read(attempt.signal).catch(() => {});
      else if (!signal.aborted) logger.warn({ lease: keyOf(ref), err: error }, "failed to read or write the lease");
      return false;
    } finally {
      attempt.cancel();
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { client, lease: ref, clock } = this.#options;
    this.#lease = await client.get<Lease>(leases, ref, { signal });
    const version = this.#lease?.metadata?.resourceVersion;
    if (this.#observed !== undefined && this.#observed.version === version) return;
    this.#observed?.timer.cancel();
    const promisedMs = (this.#lease?.spec?.leaseDurationSeconds ?? 0) * 1000;
    const timer = clock.schedule(Math.max(this.#leaseMs, promisedMs), () => {
      observed.expired = true;
    });
    const observed = { version, expired: false, timer };
    this.#observed = observed;
  }

  #now(): Moment {
    return momentNow(this.#options.clock, this.#options.wallClock);
  }

  get #isOver(): boolean {
    return elapsedMs(this.#renewed, this.#now()) >= this.#renewDeadlineMs;
  }

  #isFree(): boolean {
    const holder = this.#lease && holderOf(this.#lease);
    return holder === undefined || holder === this.#options.identity || this.#observed?.expired === true;
  }

  async #write(lease: Lease, signal: AbortSignal): Promise<Lease> {
    const { client } = this.#options;
    if (lease.metadata?.resourceVersion === undefined) return client.create(leases, lease, { signal });
    return client.replace(leases, lease, { signal });
  }

  /** A failed release only delays the next leader by some seconds. */
  async #release(): Promise<void> {
    const { clock, identity, lease: ref, logger } = this.#options;
    const attempt = startDeadline(clock, this.#attemptMs);
    try {
      // Read again: a renewal in flight at the end of the work may have changed the lease.
      await this.#read(attempt.signal);
      if (this.#lease === undefined || holderOf(this.#lease) !== identity) return;
      await this.#write(released(this.#lease, clock.now()), attempt.signal);
      logger.info({ lease: keyOf(ref) }, "lease released");
    } catch (error) {
      logger.warn({ lease: keyOf(ref), err: error }, "failed to release the lease");
    } finally {
      attempt.cancel();
    }
  }

  #cancelTimers(): void {
    this.#deadline?.cancel();
    this.#observed?.timer.cancel();
  }
}
