import { httpOrigin } from "../../api/http-origin.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { AgentReport, Readiness } from "../../workers/answers.ts";
import { blockedSlots } from "./blocked-slots.ts";
import type { Endpoint, EndpointClass } from "./endpoint-index.ts";
import { Liveness } from "./liveness.ts";
import { type Failure, OutlierEjection } from "./outlier-ejection.ts";
import { hashOf, type Shares } from "./shares.ts";
import { type SlotReservation, SlotReservations } from "./slot-reservations.ts";
import type { WorkerRecord } from "./worker-record.ts";

const GOOD_PROBES_NEEDED: Readonly<Record<Failure, number>> = { full: 0, "not-ready": 1, broken: 1, "timed-out": 2 };

/** The result of a probe. `silent`: neither an answer nor a refused connection within the timeout. */
export type ProbeAnswer = Readiness | { readonly kind: "silent" };

export interface Expectation {
  /** Slots, for a worker that does not report its number. */
  readonly slots: number;
  /** Whether warm-up also loads the presets, and not only exercises the pipeline. */
  readonly warmHasPresets: boolean;
  /** Load from which on a worker takes no job. */
  readonly loadThreshold: number;
}

export interface WorkerDeps {
  readonly clock: Clock;
  readonly expectation: () => Expectation;
  /** Called after every change that may affect the endpoint picker. */
  readonly onChanged: (worker: Worker) => void;
}

/**
 * One worker: the record of its pod, the results of its probes, and its slots. Only the gateway's probes and the kubelet's startup
 * probe decide whether it can be used, so that workers created while the operator is away still serve.
 */
export class Worker {
  readonly uid: string;
  readonly reservations: SlotReservations;
  readonly #gone = new AbortController();
  readonly #liveness = new Liveness();
  readonly #deps: WorkerDeps;
  readonly #hash: number;
  readonly #ejection: OutlierEjection;
  /** Presets that the worker has served: bounded by the pool's presets. */
  readonly #served = new Set<string>();
  #record: WorkerRecord;
  #ready = false;
  #ejected = false;
  /** Probes that must succeed before the worker is used again. */
  #goodProbesNeeded = 0;
  #failedAt = 0;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #own = true;
  #weight = 0;
  #agent: AgentReport | undefined;
  /** Whether its load was below the threshold since its process started. A process that starts has a high load and no jobs. */
  #settled = false;

  constructor(record: WorkerRecord, deps: WorkerDeps) {
    this.uid = record.uid;
    this.#hash = hashOf(record.uid);
    this.#record = record;
    this.#deps = deps;
    this.#ejection = new OutlierEjection(deps.clock);
    this.reservations = new SlotReservations(
      () => deps.expectation().slots,
      () => deps.onChanged(this),
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

  /** Aborts when the pod was removed or has ended: no session runs on it any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether the worker has been silent for so long that its sessions count as lost. */
  get dead(): boolean {
    return this.#liveness.dead;
  }

  /** Whether the last probe was answered with "ready" or "at capacity". */
  get ready(): boolean {
    return this.#ready;
  }

  /** Unix time of its last answer in ms, -Infinity before the first. */
  get answeredMs(): number {
    return this.#answeredMs;
  }

  get usable(): boolean {
    return this.#ready && this.#record.started && this.#goodProbesNeeded === 0 && !this.#ejected;
  }

  /** Name by which jobs request the agent; undefined for workers that take launches, and before the first answer. */
  get agentName(): string | undefined {
    return this.#agent?.name;
  }

  /** Free slots that the load of the worker blocks. */
  get blocked(): number {
    if (this.#agent === undefined || !this.#settled) return 0;
    return blockedSlots(this.#agent, this.reservations.slots, this.#deps.expectation().loadThreshold);
  }

  /** Whether the worker is in this gateway's share. */
  get own(): boolean {
    return this.#own;
  }

  /** Whether the worker has sessions or reservations. */
  get busy(): boolean {
    return this.reservations.sessions + this.reservations.reserved > 0;
  }

  /** Base URL; undefined while the pod has no IP address. */
  get origin(): string | undefined {
    const { ip, engine } = this.#record;
    if (ip === undefined) return undefined;
    return httpOrigin(ip, engine.port);
  }

  /** What the endpoint picker sees; undefined while the worker can take no launch. */
  get endpoint(): Endpoint<Worker> | undefined {
    if (!this.usable || this.cordoned || this.terminating || this.reservations.sendable <= 0) return undefined;
    if (this.#ejection.onTrial && this.reservations.inFlight > 0) return undefined;
    const { uid, name, group } = this;
    const { free } = this.reservations;
    return { worker: this, uid, name, group, own: this.#own, free, weight: this.#weight, classes: this.#classes() };
  }

  /** Reserves a slot; undefined if the worker can take no launch. */
  reserve(): SlotReservation | undefined {
    return this.endpoint === undefined ? undefined : this.reservations.reserve();
  }

  /** Reserves the slot of a session that is about to end; undefined if the worker can take no launch. */
  reserveOccupied(): SlotReservation | undefined {
    if (!this.usable || this.cordoned || this.terminating || this.#ejection.onTrial) return undefined;
    return this.reservations.reserveOccupied();
  }

  /** A session of this preset has run on the worker. */
  noteServed(preset: string): void {
    this.#served.add(preset);
    this.#changed();
  }

  hasServed(preset: string): boolean {
    return this.#served.has(preset);
  }

  removed(): void {
    this.#gone.abort();
  }

  update(record: WorkerRecord): void {
    this.#record = record;
    this.#changed();
  }

  share(shares: Shares): void {
    this.#own = shares.owns(this.#hash);
    this.#weight = shares.weight(this.#hash);
    this.#changed();
  }

  /** @returns the logical time to pass to {@link probed}. */
  probeStarts(): number {
    return this.reservations.probeStarts();
  }

  /**
   * Takes over the result of a probe. A probe that started before a failure does not clear it.
   * @returns whether anything changed that the endpoint picker or the operator sees.
   */
  probed(startedAt: number, answer: ProbeAnswer): boolean {
    const before = this.#fingerprint();
    if (answer.kind !== "silent") this.#answeredMs = this.#deps.clock.now();
    this.#liveness.probed(answer.kind === "silent", this.#deps.clock.now());
    this.#take(startedAt, answer.kind === "silent" ? { kind: "not-ready" } : answer);
    this.#changed();
    return this.#fingerprint() !== before;
  }

  #take(startedAt: number, readiness: Readiness): void {
    this.#ready = readiness.kind !== "not-ready";
    this.#ejected = this.#ejection.ejected;
    if (readiness.kind === "not-ready") {
      this.#settled = false;
      if (this.#goodProbesNeeded > 0) this.#goodProbesNeeded = Math.max(this.#goodProbesNeeded, 1);
      return;
    }
    if (startedAt > this.#failedAt && this.#goodProbesNeeded > 0) this.#goodProbesNeeded -= 1;
    if (readiness.kind === "ready" && readiness.agent !== undefined) {
      this.#agent = readiness.agent;
      this.#settled ||= readiness.agent.jobs > 0 || readiness.agent.load < this.#deps.expectation().loadThreshold;
    }
    const { slots, sessions = 0 } = readiness;
    const busy = readiness.kind === "full" ? Math.max(sessions, slots ?? this.reservations.slots) : sessions;
    this.reservations.count(startedAt, { sessions: busy, slots });
  }

  succeeded(): void {
    this.#answeredMs = this.#deps.clock.now();
    this.#ejection.succeeded();
    this.#changed();
  }

  failed(failure: Failure): void {
    this.#ejection.failed(failure);
    this.#ejected = this.#ejection.ejected;
    if (failure === "full") this.reservations.markFull();
    this.#failedAt = this.reservations.probeStarts();
    this.#goodProbesNeeded = Math.max(this.#goodProbesNeeded, GOOD_PROBES_NEEDED[failure]);
    this.#changed();
  }

  #classes(): readonly EndpointClass[] {
    const { warm } = this.#record;
    if (warm && this.#deps.expectation().warmHasPresets) return ["loaded"];
    return [warm ? "warm" : "cold", ...[...this.#served].map((preset) => `served/${preset}` as const)];
  }

  #changed(): void {
    this.#deps.onChanged(this);
  }

  #fingerprint(): string {
    const { sessions, slots, reserved, free } = this.reservations;
    return [this.#ready, this.dead, this.usable, sessions, slots, reserved, free, this.blocked].join();
  }
}
