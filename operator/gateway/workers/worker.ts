import { httpOrigin } from "../../api/http-origin.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Readiness } from "../../workers/answers.ts";
import type { Endpoint, EndpointClass } from "./endpoint-index.ts";
import { Liveness } from "./liveness.ts";
import { type Failure, OutlierEjection } from "./outlier-ejection.ts";
import { hashOf, type Shares } from "./shares.ts";
import { type SlotReservation, SlotReservations } from "./slot-reservations.ts";
import type { WorkerRecord } from "./worker-record.ts";

const GOOD_PROBES_NEEDED: Readonly<Record<Failure, number>> = { full: 0, "not-ready": 1, broken: 1, "timed-out": 2 };

/** What a probe learns. `silent`: no answer came in time, nor a refusal. */
export type ProbeAnswer = Readiness | { readonly kind: "silent" };

/** What a worker's pool says of it. */
export interface Expectation {
  /** Sessions that it takes, where it does not say so itself. */
  readonly slots: number;
  /** Whether a worker that was called warm has its presets loaded, and not only its pipeline exercised. */
  readonly warmHasPresets: boolean;
}

export interface WorkerDeps {
  readonly clock: Clock;
  readonly expectation: () => Expectation;
  /** Called after every change that picking would see. */
  readonly onMoved: (worker: Worker) => void;
}

/**
 * One worker: what its pod says, what its probes say, and its slots. Only the probes decide whether it can be used, so that
 * workers created while the operator is away still serve.
 */
export class Worker {
  readonly uid: string;
  readonly reservations: SlotReservations;
  readonly #gone = new AbortController();
  readonly #liveness = new Liveness();
  readonly #deps: WorkerDeps;
  readonly #hash: number;
  readonly #ejection: OutlierEjection;
  /** Presets whose sessions were seen running here: bounded by the pool's presets. */
  readonly #served = new Set<string>();
  #record: WorkerRecord;
  #ready = false;
  #ejected = false;
  /** Probes that must succeed before it is used again. */
  #goodProbesNeeded = 0;
  #failedAt = 0;
  #own = true;
  #weight = 0;

  constructor(record: WorkerRecord, deps: WorkerDeps) {
    this.uid = record.uid;
    this.#hash = hashOf(record.uid);
    this.#record = record;
    this.#deps = deps;
    this.#ejection = new OutlierEjection(deps.clock);
    this.reservations = new SlotReservations(
      () => deps.expectation().slots,
      () => deps.onMoved(this),
    );
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
    return this.#record.terminating;
  }

  /** Aborts when its pod is gone, or has ended for good: no session runs there any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether it gave no answer for so long that its sessions count as lost. */
  get dead(): boolean {
    return this.#liveness.dead;
  }

  /** Whether its last probe was answered with "ready" or "at capacity". */
  get ready(): boolean {
    return this.#ready;
  }

  get usable(): boolean {
    return this.#ready && this.#record.started && this.#goodProbesNeeded === 0 && !this.#ejected;
  }

  /** Whether it is in this gateway's share. */
  get own(): boolean {
    return this.#own;
  }

  /** Whether sessions run there, or launches are on their way. */
  get busy(): boolean {
    return this.reservations.sessions + this.reservations.reserved > 0;
  }

  /** Base URL; undefined while it cannot be spoken to. */
  get origin(): string | undefined {
    const { ip, engine } = this.#record;
    if (ip === undefined) return undefined;
    return httpOrigin(ip, engine.port);
  }

  /** What the endpoint picker sees; undefined while the worker can take no launch. */
  get endpoint(): Endpoint<Worker> | undefined {
    if (!this.usable || this.cordoned || this.terminating || this.reservations.room <= 0) return undefined;
    if (this.#ejection.onTrial && this.reservations.underWay > 0) return undefined;
    const { uid, name, group } = this;
    const { free } = this.reservations;
    return { worker: this, uid, name, group, own: this.#own, free, weight: this.#weight, classes: this.#classes() };
  }

  /** Takes a slot there; undefined when there is none. */
  reserve(): SlotReservation | undefined {
    return this.endpoint === undefined ? undefined : this.reservations.reserve();
  }

  /** Takes the slot of a session there that is about to be ended; undefined when the worker can take no launch. */
  reserveNext(): SlotReservation | undefined {
    if (!this.usable || this.cordoned || this.terminating || this.#ejection.onTrial) return undefined;
    return this.reservations.reserveNext();
  }

  /** A session of this preset was seen running here. */
  noteServed(preset: string): void {
    this.#served.add(preset);
    this.#moved();
  }

  hasServed(preset: string): boolean {
    return this.#served.has(preset);
  }

  /** Its pod is gone. */
  leaves(): void {
    this.#gone.abort();
  }

  update(record: WorkerRecord): void {
    this.#record = record;
    this.#moved();
  }

  share(shares: Shares): void {
    this.#own = shares.owns(this.#hash);
    this.#weight = shares.weight(this.#hash);
    this.#moved();
  }

  /** @returns the moment to hand to {@link probed}. */
  probeBegins(): number {
    return this.reservations.probeBegins();
  }

  /**
   * Takes over a probe's answer. A probe that began before a failure cannot excuse it.
   * @returns whether anything changed that picking or the operator would see.
   */
  probed(askedAt: number, answer: ProbeAnswer): boolean {
    const before = this.#fingerprint();
    this.#liveness.probed(answer.kind === "silent", this.#deps.clock.now());
    this.#take(askedAt, answer.kind === "silent" ? { kind: "not-ready" } : answer);
    this.#moved();
    return this.#fingerprint() !== before;
  }

  #take(askedAt: number, readiness: Readiness): void {
    this.#ready = readiness.kind !== "not-ready";
    this.#ejected = this.#ejection.ejected;
    if (readiness.kind === "not-ready") {
      if (this.#goodProbesNeeded > 0) this.#goodProbesNeeded = Math.max(this.#goodProbesNeeded, 1);
      return;
    }
    if (askedAt > this.#failedAt && this.#goodProbesNeeded > 0) this.#goodProbesNeeded -= 1;
    const { slots, sessions = 0 } = readiness;
    const busy = readiness.kind === "full" ? Math.max(sessions, slots ?? this.reservations.slots) : sessions;
    this.reservations.count(askedAt, { sessions: busy, slots });
  }

  /** A launch went well there. */
  succeeded(): void {
    this.#ejection.succeeded();
    this.#moved();
  }

  failed(failure: Failure): void {
    this.#ejection.failed(failure);
    this.#ejected = this.#ejection.ejected;
    if (failure === "full") this.reservations.markFull();
    this.#failedAt = this.reservations.probeBegins();
    this.#goodProbesNeeded = Math.max(this.#goodProbesNeeded, GOOD_PROBES_NEEDED[failure]);
    this.#moved();
  }

  #classes(): readonly EndpointClass[] {
    const { warm } = this.#record;
    if (warm && this.#deps.expectation().warmHasPresets) return ["loaded"];
    return [warm ? "warm" : "cold", ...[...this.#served].map((preset) => `served/${preset}` as const)];
  }

  #moved(): void {
    this.#deps.onMoved(this);
  }

  #fingerprint(): string {
    const { sessions, slots, reserved, free } = this.reservations;
    return [this.#ready, this.dead, this.usable, sessions, slots, reserved, free].join();
  }
}
