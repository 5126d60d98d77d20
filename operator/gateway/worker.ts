import type { Readiness } from "../workers/answers.ts";
import { SlotLedger } from "./ledger.ts";
import type { Candidate } from "./pick.ts";
import type { WorkerRecord } from "./worker-record.ts";

/** What a failed launch says about the worker. */
export type Failure =
  /** 503 at_capacity. */
  | "full"
  /** 503 not_ready, a refused connection, or a connection that broke. */
  | "not-ready"
  /** No answer in time: it may hang, so one good probe is not enough. */
  | "timed-out";

const GOOD_PROBES_NEEDED: Readonly<Record<Failure, number>> = { full: 0, "not-ready": 1, "timed-out": 2 };

/**
 * One worker: what its pod says, what its probes say, and its slots. Only the probes decide whether it can be used, so that
 * workers created while the operator is away still serve.
 */
export class Worker implements Candidate {
  readonly uid: string;
  readonly ledger: SlotLedger;
  #record: WorkerRecord;
  #ready = false;
  /** Probes that must succeed before it is used again. */
  #goodProbesNeeded = 0;
  #failedAt = 0;
  /** Presets whose sessions were seen running here: bounded by the pool's presets. */
  readonly #served = new Set<string>();

  /** @param expectedSlots what the group says, for workers that report no number of their own. */
  constructor(record: WorkerRecord, expectedSlots: () => number) {
    this.uid = record.uid;
    this.#record = record;
    this.ledger = new SlotLedger(expectedSlots);
  }

  get record(): WorkerRecord {
    return this.#record;
  }

  get name(): string {
    return this.#record.name;
  }

  get group(): string {
    return this.#record.group;
  }

  get cordoned(): boolean {
    return this.#record.cordoned;
  }

  get terminating(): boolean {
    return this.#record.terminating || this.#record.ended;
  }

  get free(): number {
    return this.ledger.free;
  }

  /** Whether its last probe was answered with "ready" or "at capacity". */
  get ready(): boolean {
    return this.#ready;
  }

  get usable(): boolean {
    return this.#ready && this.#goodProbesNeeded === 0;
  }

  /** Base URL; undefined while it cannot be spoken to. */
  get origin(): string | undefined {
    const { ip, ended, engine } = this.#record;
    if (ip === undefined || ended) return undefined;
    return `http://${ip.includes(":") ? `[${ip}]` : ip}:${engine.port}`;
  }

  hasLoaded(preset: string | undefined): boolean {
    return this.#record.warm || (preset !== undefined && this.#served.has(preset));
  }

  /** A session of this preset was seen running here. */
  noteServed(preset: string): void {
    this.#served.add(preset);
  }

  update(record: WorkerRecord): void {
    this.#record = record;
  }

  /** @returns the moment to hand to {@link probed}. */
  probeBegins(): number {
    return this.ledger.probeBegins();
  }

  /**
   * Takes over a probe's answer. A probe that began before a failure cannot excuse it.
   * @returns whether anything changed that picking or the operator would see.
   */
  probed(askedAt: number, readiness: Readiness): boolean {
    const before = this.#fingerprint();
    this.#take(askedAt, readiness);
    return this.#fingerprint() !== before;
  }

  #take(askedAt: number, readiness: Readiness): void {
    this.#ready = readiness.kind !== "not-ready";
    if (readiness.kind === "not-ready") {
      if (this.#goodProbesNeeded > 0) this.#goodProbesNeeded = Math.max(this.#goodProbesNeeded, 1);
      return;
    }
    if (askedAt > this.#failedAt && this.#goodProbesNeeded > 0) this.#goodProbesNeeded -= 1;
    const { slots, sessions = 0 } = readiness;
    const busy = readiness.kind === "full" ? Math.max(sessions, slots ?? this.ledger.slots) : sessions;
    this.ledger.count(askedAt, { sessions: busy, slots });
  }

  failed(failure: Failure): void {
    if (failure === "full") this.ledger.markFull();
    this.#failedAt = this.ledger.probeBegins();
    this.#goodProbesNeeded = Math.max(this.#goodProbesNeeded, GOOD_PROBES_NEEDED[failure]);
  }

  #fingerprint(): string {
    const { sessions, slots, reserved, free } = this.ledger;
    return [this.#ready, this.usable, sessions, slots, reserved, free].join();
  }
}
