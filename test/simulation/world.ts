import { type PoolConfig, resolvePool } from "../../operator/api/pool-config.ts";
import { avatarPoolSchema } from "../../operator/api/v1alpha1/index.ts";
import { keyOf } from "../../operator/kube/types.ts";
import { exposition } from "../../operator/telemetry/metrics.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { seededRandom } from "../support/fleet/random.ts";
import { type Sender, SimApi, type Write } from "./api.ts";
import { type ApiObject, isDeleting, nodeOf, timeText } from "./api-objects.ts";
import { Clients } from "./clients.ts";
import { SimCluster } from "./cluster.ts";
import { SimGateway } from "./gateway.ts";
import { LostSessionsWatch } from "./lost-sessions.ts";
import { type SimNode, simNodes } from "./nodes.ts";
import { SimOperator } from "./operator.ts";
import { SimPeers } from "./peers.ts";
import { groupOf } from "./pod-spec.ts";
import { isAllowed, POOL, poolObject } from "./pool-object.ts";
import { RefusalWatch } from "./refusal-promises.ts";
import { StatusWatch } from "./status-promises.ts";
import { Timeline } from "./timeline.ts";
import { SECRET_MARK, Witness } from "./witness.ts";
import { type SimSession, SimWorkers } from "./workers.ts";

export interface WorldOptions {
  readonly seed: number;
  /** The pool's spec, as a user writes it. */
  readonly spec: Record<string, unknown>;
  readonly gateways: number;
  readonly nodes: { readonly count: number; readonly room: number };
  readonly coldStartMs: number;
  readonly sessionMs: number;
}

/** The affected components of a fault. */
export type Troubled = "control-plane" | "anything";

/** Time between two checks of the promises. */
const STEP_MS = 1_000;
/** A gateway may not know that a worker hangs which has answered so short a time ago. */
const HANG_NOTICED_MS = 2_500;

/**
 * A seeded world: the real controllers and the real gateways on a fake clock, over simulated watches that lag, a simulated
 * API server, cluster and workers. It records every broken promise when it happens.
 */
export class World {
  readonly clock = new FakeClock();
  readonly timeline = new Timeline(() => this.clock.now());
  readonly witness: Witness;
  readonly api: SimApi;
  readonly cluster: SimCluster;
  readonly workers: SimWorkers;
  readonly nodes: SimNode[];
  readonly gateways: SimGateway[] = [];
  readonly peers: SimPeers;
  readonly clients = new Clients(this);
  readonly secrets = new Map([["bithuman", { "api-secret": Buffer.from(`${SECRET_MARK}-api`).toString("base64") }]]);
  /** Number of begun sessions by launch. */
  readonly started = new Map<string, number>();
  /** Every session, with the end that it was to have. */
  readonly begun: SimSession[] = [];
  operator: SimOperator | undefined;
  /** Time of the last event other than a launch. */
  calmSinceMs: number;
  /** Clock error of machines that start processes from now on. */
  clocksWrongByMs = 0;
  /** Version of AvatarPool for operators that start from now on. */
  version = 1;
  /** No fault has happened so far. */
  untroubled = true;
  /** The same without the control plane: only for gateways, workers and the spec. */
  servingCalmSinceMs: number;
  servingUntroubled = true;
  readonly #options: WorldOptions;
  readonly #status = new StatusWatch();
  readonly #refusals = new RefusalWatch();
  readonly #lost = new LostSessionsWatch();
  #spec: Record<string, unknown>;
  #pool: PoolConfig;
  #toUndo = 0;
  #secretMissedMs = Number.NEGATIVE_INFINITY;
  #processes = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { clock } = this;
    this.#spec = options.spec;
    this.calmSinceMs = clock.now();
    this.servingCalmSinceMs = clock.now();
    this.witness = new Witness({
      now: () => clock.now(),
      timeline: this.timeline,
      untroubled: () => this.untroubled,
      pods: (deployment) => this.cluster.podsOf(keyOf({ namespace: POOL.namespace, name: deployment })).length,
      belowMinimum: () => this.#secretMissingLately || this.poolObject === undefined || isDeleting(this.poolObject),
    });
    this.peers = new SimPeers(clock, this.random("peers"));
    const sessions = this.random("sessions");
    this.workers = new SimWorkers({
      clock,
      random: this.random("network"),
      sessionMs: () => options.sessionMs * (0.2 + 1.6 * sessions()),
      onSession: (session, stray) => this.#sessionBegan(session, stray),
      onStop: (session) => this.clients.rooms.stops(session),
      onHungLaunch: (hungMs) => {
        if (hungMs > HANG_NOTICED_MS) this.witness.broken(3, `a launch was sent to a worker that has hung for ${hungMs} ms`);
      },
    });
    this.api = new SimApi({
      clock,
      random: this.random("api"),
      secrets: this.secrets,
      onWrite: (write) => {
        this.witness.wrote(write);
        this.#judgeSender(write.sender);
        if (lowers(write)) this.cluster.loweredByOperator(keyOf(write.before?.metadata ?? {}));
      },
      onRefused: (sender) => this.#refusals.refused(this, sender),
      onChange: (plural, key, after, before) => {
        if (plural === "deployments" && after?.metadata.generation !== before?.metadata.generation)
          this.cluster.deploymentChanged(key, after);
      },
      deletePod: (pod, graceMs) => this.cluster.deletePod(pod, "drain-timeout", graceMs),
    });
    this.nodes = simNodes(options.nodes.count, options.nodes.room);
    const starts = this.random("starts");
    this.cluster = new SimCluster({
      clock,
      random: this.random("cluster"),
      api: this.api,
      workers: this.workers,
      nodes: this.nodes,
      coldStartMs: () => options.coldStartMs * (0.7 + 0.6 * starts()),
      onDisturbed: (pod, count, cause, ended) => {
        // A container that crashes restarts in its pod.
        if (ended && cause !== "crash") this.#lost.died(pod.metadata.uid, clock.now());
        this.witness.disturbed(pod, count, cause === "scale-down" && this.#mayExpire(pod) ? "drain-timeout" : cause, ended);
      },
    });
    const raw = avatarPoolSchema.parse(poolObject(options.spec));
    this.api.create("avatarpools", raw as never);
    this.#pool = resolvePool(this.poolObject as never);
    this.witness.specChanged(this.#pool);
    for (let index = 0; index < options.gateways; index++) this.addGateway();
    this.startOperator();
  }

  random(name: string): () => number {
    return seededRandom(this.#options.seed, name);
  }

  get poolObject(): ApiObject | undefined {
    return this.api.get("avatarpools", keyOf(POOL));
  }

  /** The pool from the user's last write, even after its removal. */
  get pool(): PoolConfig {
    return this.#pool;
  }

  get spec(): Record<string, unknown> {
    return this.#spec;
  }

  get longestWaitMs(): number {
    return this.clients.longestWaitMs;
  }

  get lastFullMs(): number {
    return this.clients.lastFullMs;
  }

  /** Longest time from a request for a worker until it serves. */
  get longestStartMs(): number {
    return 1.3 * this.#options.coldStartMs + 10_000;
  }

  /** Advances time and checks the promises at every step. */
  async run(ms: number): Promise<void> {
    const endMs = this.clock.now() + ms;
    while (this.clock.now() < endMs) {
      await this.clock.advance(Math.min(STEP_MS, endMs - this.clock.now()));
      this.#look();
    }
  }

  /** A fault began or ended. */
  troubled(what: Troubled = "anything"): void {
    this.untroubled = false;
    this.calmSinceMs = this.clock.now();
    if (what === "control-plane") return;
    this.servingUntroubled = false;
    this.servingCalmSinceMs = this.clock.now();
  }

  /** Ends the fault after the delay. */
  undoAfter(delayMs: number, undo: () => unknown, what: Troubled = "anything"): void {
    this.#toUndo++;
    this.clock.schedule(delayMs, () => {
      this.#toUndo--;
      undo();
      this.troubled(what);
    });
  }

  /** No fault is active, and none was for the longest time that a launch may hang at a worker. */
  get isCalm(): boolean {
    return !this.isTroubled && (this.untroubled || this.clock.now() - this.calmSinceMs > 60_000);
  }

  /** Whether there is a fault that will end. */
  get isTroubled(): boolean {
    return this.#toUndo > 0;
  }

  addGateway(): void {
    const name = `gateway-${++this.#processes}`;
    this.gateways.push(
      new SimGateway({
        name,
        clock: this.clock,
        wrongByMs: this.clocksWrongByMs,
        random: this.random(name),
        api: this.api,
        workers: this.workers,
        peers: this.peers,
        onReport: (line) => this.witness.told("a load report", line),
      }),
    );
    this.operator?.setGateways(this.gateways);
  }

  /** Kills a gateway with the connections of its clients. */
  async killGateway(gateway: SimGateway): Promise<void> {
    gateway.stop();
    this.gateways.splice(this.gateways.indexOf(gateway), 1);
    this.operator?.lostGateway(gateway.name);
    this.clients.cutOff(gateway);
    // The EndpointSlice is updated a little later.
    this.clock.schedule(2_000, () => this.operator?.setGateways(this.gateways));
    // Last, because other work of the world goes on while the metrics are read.
    await this.#say(gateway);
  }

  startOperator(): void {
    const name = `operator-${++this.#processes}`;
    this.operator = new SimOperator({
      name,
      image: `avatarpool:${this.version}`,
      clock: this.clock,
      wrongByMs: this.clocksWrongByMs,
      random: this.random(name),
      api: this.api,
      workers: this.workers,
      onEvent: (event) => this.witness.event(event),
      onLog: (line) => this.witness.log(line),
    });
    this.operator.setGateways(this.gateways);
  }

  async killOperator(): Promise<void> {
    const { operator } = this;
    if (operator === undefined) return;
    this.operator = undefined;
    operator.kill();
    this.witness.told("the operator's metrics", (await exposition(operator.registry)).text);
  }

  /** Suspends the operator's machine. Another operator leads after the lease has expired, and then the first one resumes. */
  freezeOperator(forMs: number, leaseMs: number, endsAfterMs: number): void {
    const { operator } = this;
    if (operator === undefined) return;
    this.operator = undefined;
    operator.freeze(forMs, leaseMs % 2_000, endsAfterMs);
    this.undoAfter(leaseMs, () => this.operator ?? this.startOperator(), "control-plane");
    this.undoAfter(forMs + endsAfterMs, () => {}, "control-plane");
  }

  /** `kubectl apply`: rejected without effect if the schema does not allow the edit. */
  edit(why: string, change: (spec: Record<string, unknown>) => Record<string, unknown>): boolean {
    const current = this.poolObject;
    if (current === undefined || isDeleting(current)) return false;
    const spec = change(structuredClone(this.#spec));
    const wanted = avatarPoolSchema.safeParse(poolObject(spec));
    if (!wanted.success || !isAllowed(resolvePool(wanted.data))) return false;
    this.#spec = spec;
    this.timeline.note("edit", why);
    const raw = this.api.update("avatarpools", keyOf(POOL), (object) => ({ ...object, spec: wanted.data.spec }));
    this.#pool = resolvePool(raw as never);
    this.witness.specChanged(this.#pool);
    this.calmSinceMs = this.clock.now();
    this.servingCalmSinceMs = this.clock.now();
    this.servingUntroubled = false;
    return true;
  }

  /** `kubectl delete avatarpool`. */
  deletePool(): void {
    this.timeline.note("edit", "the pool is deleted");
    const deletionTimestamp = timeText(this.clock.now());
    const raw = this.api.update("avatarpools", keyOf(POOL), (object) => ({
      ...object,
      metadata: { ...object.metadata, deletionTimestamp },
    }));
    if ((raw?.metadata.finalizers ?? []).length === 0) this.api.remove("avatarpools", keyOf(POOL));
    this.calmSinceMs = this.clock.now();
    this.servingCalmSinceMs = this.clock.now();
    this.servingUntroubled = false;
  }

  /** Whether a node has room for another pod. */
  get hasRoom(): boolean {
    const room = this.nodes.reduce((total, node) => total + (node.cordoned ? 0 : node.room), 0);
    return this.cluster.pods().filter((pod) => nodeOf(pod) !== undefined).length < room && !this.cluster.quotaSpent;
  }

  deployments(): readonly ApiObject[] {
    return [...this.api.of("deployments").values()];
  }

  /** The replicas in the spec of a group's Deployment. */
  replicas(group: string): number | undefined {
    const deployment = this.deployments().find((object) => groupOf(object) === group);
    return (deployment?.spec as { readonly replicas?: number } | undefined)?.replicas;
  }

  sessions(): number {
    return this.cluster.pods().reduce((total, pod) => total + this.cluster.sessionsOn(pod), 0);
  }

  async stop(): Promise<void> {
    await this.killOperator();
    for (const gateway of this.gateways) {
      gateway.stop();
      await this.#say(gateway);
    }
  }

  async #say(gateway: SimGateway): Promise<void> {
    this.witness.told("a gateway's metrics", (await exposition(gateway.registry)).text);
  }

  #sessionBegan(session: SimSession, stray: boolean): void {
    const { launch } = session;
    this.begun.push(session);
    if (stray) this.witness.broken(2, `${launch} was launched in a pod that is not a member of the pool`);
    this.started.set(launch, (this.started.get(launch) ?? 0) + 1);
    const count = this.workers.sessionsOf(launch);
    if (count > 1) this.witness.broken(2, `${launch} has ${count} sessions`);
  }

  /** The operator may still use an earlier read of the Secret. */
  get #secretMissingLately(): boolean {
    return this.clock.now() - this.#secretMissedMs < 60_000;
  }

  /** The pool was deleted, and its drain has reached its timeout. */
  #mayExpire(pod: ApiObject): boolean {
    const deletedMs = Date.parse(this.poolObject?.metadata.deletionTimestamp ?? "");
    const group = this.#pool.groups.find(({ name }) => name === groupOf(pod));
    // The time by the clock of the operator's machine.
    return this.clock.now() + Math.abs(this.clocksWrongByMs) >= deletedMs + (group?.drainTimeoutMs ?? 0);
  }

  /** Two operators that decide at the same time may remove a worker that neither would remove alone. */
  #judgeSender({ name, sentMs }: Sender): void {
    const leader = this.operator;
    if (leader !== undefined && name !== leader.process.name && sentMs > leader.startedMs)
      this.witness.broken(1, `${name} writes although ${leader.process.name} leads`);
  }

  #look(): void {
    if (!this.secrets.has("bithuman")) this.#secretMissedMs = this.clock.now();
    this.clients.look();
    this.#status.look(this);
    this.#lost.look(this);
  }
}

function lowers({ plural, before, wanted }: Write): boolean {
  const replicasOf = (object: object | undefined) => (object as { spec?: { replicas?: number } } | undefined)?.spec?.replicas ?? 0;
  return plural === "deployments" && replicasOf(wanted) < replicasOf(before);
}
