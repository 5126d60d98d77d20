import { JOBS, type PoolConfig, poolKey } from "../api/pool-config.ts";
import type { ReadSecret } from "../kube/secret-cache.ts";
import type { Random } from "../runtime/clock.ts";
import type { GatewayMetrics } from "../telemetry/gateway-metrics.ts";
import type { WorkerAccess } from "../workers/client.ts";
import { poolDeleting } from "./admission/admit.ts";
import { SecretAccess } from "./admission/secret-access.ts";
import { ClaimBook } from "./claims/claim-book.ts";
import { type ClaimSource, Claims, type Peers } from "./claims/claims.ts";
import { LaunchClaims } from "./claims/launch-claims.ts";
import type { Claim, PeerAnswer, Superseded, Verdict } from "./claims/peer-protocol.ts";
import { AcceptedLaunches } from "./launch/accepted.ts";
import { Doubts } from "./launch/doubts.ts";
import type { Arrival } from "./launch/launch-context.ts";
import { Launcher } from "./launch/launcher.ts";
import { gatewayStopping } from "./launch/refusals.ts";
import { Replacements } from "./launch/replacements.ts";
import { stillRuns } from "./launch/served.ts";
import { StartupWatch } from "./launch/startup.ts";
import { JobArrivals } from "./load/job-arrivals.ts";
import { LoadBook, type PoolState, type PoolSummary, workerLoad } from "./load/load-book.ts";
import type { LoadSource } from "./load/load-stream.ts";
import { Overflow, type OverflowDeps } from "./overflow/overflow.ts";
import { Slots } from "./queue/slots.ts";
import type { SessionLocation } from "./sessions/session-location.ts";
import { Sessions, type SessionsDeps } from "./sessions/sessions.ts";
import { type DispatchApi, UntakenJobs } from "./sessions/untaken-jobs.ts";
import type { Directory, DirectoryListener } from "./workers/directory.ts";
import { Prober } from "./workers/prober.ts";
import { hashOf, Shares } from "./workers/shares.ts";
import type { WorkerRecord } from "./workers/worker-record.ts";
import { poolOf, WorkerTable } from "./workers/worker-table.ts";

export interface GatewayCoreDeps extends WorkerAccess {
  readonly random: Random;
  readonly directory: Directory;
  readonly metrics: GatewayMetrics;
  /** Undefined if this gateway is alone. */
  readonly peers?: Peers | undefined;
  /** Reads the Secrets that pools name. Undefined if the gateway may not read Secrets. */
  readonly readSecret?: ReadSecret | undefined;
  /** The maker's cloud, and the reader of its secret. */
  readonly overflow: Pick<OverflowDeps, "cloud" | "secrets" | "onEvent">;
  /** Reads LiveKit rooms. Undefined if the gateway does not end abandoned sessions. */
  readonly viewRoom?: SessionsDeps["viewRoom"];
  readonly onEvent?: SessionsDeps["onEvent"];
  /** Reads the dispatches of LiveKit. Undefined if jobs that no worker takes do not count. */
  readonly dispatches?: DispatchApi | undefined;
}

/**
 * The gateway without its servers: follows pools and workers, probes workers, and serves launches.
 * Assumption: {@link poolChanged} and {@link workerChanged} are called for every change of the directory.
 */
export class GatewayCore implements LoadSource, DirectoryListener, ClaimSource {
  readonly #deps: GatewayCoreDeps;
  readonly #workers: WorkerTable;
  readonly #prober: Prober;
  readonly #slots: Slots;
  readonly #load: LoadBook;
  readonly #startups: StartupWatch;
  readonly #launcher: Launcher;
  readonly #claimBook: ClaimBook;
  readonly #replacements: Replacements;
  readonly #overflow: Overflow;
  readonly #secretAccess: SecretAccess | undefined;
  readonly #untaken: UntakenJobs | undefined;
  #shares = new Shares("");
  readonly sessions: Sessions;

  constructor(deps: GatewayCoreDeps) {
    this.#deps = deps;
    const { clock, random, client, directory, metrics, peers, viewRoom, readSecret } = deps;
    const findPool = (key: string): PoolConfig | undefined => directory.pool(key);
    const workersOf = (key: string) => this.#workers.ofPool(key);
    const onChanged = (key: string) => this.#load.changed(key);
    const common = { clock, random, client, metrics, findPool, workersOf, viewRoom };
    this.#workers = new WorkerTable({ findPool, clock });
    this.#load = new LoadBook(clock);
    const book = new ClaimBook(clock);
    this.#claimBook = book;
    this.#slots = new Slots({ clock, findPool, workers: this.#workers, elsewhere: (key) => this.#overflow.count(key) });
    const jobs = new JobArrivals(this.#load);
    this.#prober = new Prober({
      ...common,
      awaited: (worker) => this.#slots.awaited(poolOf(worker.record)),
      onChanged: (worker) => {
        this.#capacityChanged(poolOf(worker.record));
        this.sessions.workerChanged(worker);
        jobs.seen(worker);
      },
    });
    this.sessions = new Sessions({
      ...common,
      probeNow: (worker) => this.#prober.probeNow(worker),
      onRecounted: (worker) => this.#capacityChanged(poolOf(worker.record)),
      used: (key, engine, used) => this.#used(key, "self-hosted", engine, used),
      reclaimed: (key, reclaimedMs) => this.#load.reclaimedSlot(key, reclaimedMs),
      onEvent: deps.onEvent,
    });
    const { sessions } = this;
    const findWorker = (uid: string) => this.#workers.get(uid);
    const isOther: Sessions["isOther"] = (...args) => sessions.isOther(...args);
    const claims = new LaunchClaims(peers && new Claims({ clock, client, peers, book, findWorker, isOther }), clock);
    this.#replacements = new Replacements({ sessions, peers });
    const runs = (launch: string, at: SessionLocation) =>
      stillRuns(
        {
          clock,
          client,
          findWorker,
          hasEnded: (worker, { task, room }) => task !== undefined && sessions.hasEnded(worker, task, room),
          inCloud: (key) => this.#overflow.runs(key),
        },
        launch,
        at,
      );
    this.#overflow = new Overflow({
      ...deps.overflow,
      ...common,
      atSessionLimit: (pool) => this.#slots.atSessionLimit(pool),
      onChanged,
      used: (key, engine, used) => this.#used(key, "cloud", engine, used),
    });
    this.#secretAccess = readSecret && new SecretAccess({ clock, read: readSecret, onChanged });
    this.#untaken =
      deps.dispatches &&
      new UntakenJobs({
        ...deps.dispatches,
        clock,
        pools: () => directory.pools(),
        agentsOf: (key) => new Set([...this.#workers.ofPool(key)].flatMap(({ agentName }) => agentName ?? [])),
        owns: (key) => this.#shares.owns(hashOf(key)),
        onUntaken: (key) => this.#load.arrived(key, JOBS)("refused"),
      });
    this.#startups = new StartupWatch({ client, clock });
    this.#launcher = new Launcher({
      ...common,
      slots: this.#slots,
      load: this.#load,
      accepted: new AcceptedLaunches({
        ...common,
        load: this.#load,
        startups: this.#startups,
        replacements: this.#replacements,
        sessions,
        stillRuns: runs,
      }),
      claims,
      overflow: this.#overflow,
      doubts: new Doubts({ client, clock }),
      probeNow: (worker) => this.#prober.reschedule(worker),
      probe: (worker) => this.#prober.probe(worker),
      replacements: this.#replacements,
      sessions,
      stillRuns: runs,
      onAwaited: (key) => this.#rescheduleProbes(key),
    });
  }

  get unprobed(): number {
    return this.#prober.unprobed;
  }

  launch(pool: PoolConfig, request: Parameters<Launcher["launch"]>[1], arrival: Arrival): ReturnType<Launcher["launch"]> {
    return this.#launcher.launch(pool, request, arrival);
  }

  poolChanged(key: string, pool: PoolConfig | undefined): void {
    if (pool === undefined || pool.deletedAtMs !== undefined) {
      const [namespace = "", name = ""] = key.split("/");
      this.#slots.close(key, poolDeleting({ namespace, name }));
    }
    if (pool === undefined) {
      this.#load.forget(key);
      this.#overflow.forget(key);
      this.#untaken?.forget(key);
    }
    this.#untaken?.follow();
    this.#secretAccess?.poolChanged(key, pool);
    this.#workers.poolChanged(key);
    this.#capacityChanged(key);
  }

  /** A worker's pod was added, changed, removed, or replaced by one of the same name. A pod that has ended counts as removed. */
  workerChanged(changed: WorkerRecord | undefined, before: WorkerRecord | undefined): void {
    const after = changed?.ended ? undefined : changed;
    if (before !== undefined && before.uid !== after?.uid) this.#drop(before);
    if (after === undefined) return;
    const worker = this.#workers.upsert(after);
    // A resync reports every pod, also those that have not changed.
    if (after === before && before !== undefined) return;
    this.#prober.add(worker);
    this.#capacityChanged(poolOf(after));
  }

  /** The set of live gateways has changed. Each gateway prefers its share of the workers. */
  share(shares: Shares): void {
    this.#shares = shares;
    this.#workers.share(shares);
    this.#overflow.share(shares);
  }

  claim(claim: Claim): Verdict {
    return this.#claimBook.claim(claim);
  }

  peerAnswer(launch: string): Promise<PeerAnswer> {
    return this.#launcher.peerAnswer(launch);
  }

  supersede(message: Superseded): Promise<readonly string[]> {
    return this.#replacements.supersede(message);
  }

  /** Refuses all queued launches. Launches that were sent to a worker continue. */
  refuseWaiting(): void {
    this.#slots.closeAll(gatewayStopping());
  }

  stop(): void {
    this.#startups.stop();
    this.sessions.stop();
    this.#overflow.stop();
    this.#secretAccess?.stop();
    this.#untaken?.stop();
    this.#prober.stop();
  }

  pools(): readonly string[] {
    return [...this.#deps.directory.pools()].map(poolKey);
  }

  state(key: string): PoolState | undefined {
    const summary = this.summary(key);
    return summary && { ...summary, workers: [...this.#workers.ofPool(key)].map(workerLoad) };
  }

  summary(key: string): PoolSummary | undefined {
    const pool = this.#deps.directory.pool(key);
    if (pool === undefined) return undefined;
    return {
      namespace: pool.namespace,
      name: pool.name,
      queued: Object.fromEntries(this.#slots.queued(key)),
      sessions: this.sessions.launchedIn(key),
      ...this.#load.counts(key),
      ...this.#overflow.load(pool, key),
      ...this.#secretAccess?.load(key),
    };
  }

  subscribe(listener: Parameters<LoadBook["subscribe"]>[0]): () => void {
    return this.#load.subscribe(listener);
  }

  #drop({ uid }: WorkerRecord): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    this.#prober.remove(uid);
    this.sessions.workerGone(worker);
    this.#workers.remove(uid);
    this.#capacityChanged(poolOf(worker.record));
  }

  #used(...[key, ...used]: Parameters<LoadBook["used"]>): void {
    if (this.#deps.directory.pool(key)?.credits !== undefined) this.#load.used(key, ...used);
  }

  /** The pool has queued launches: probe its busy workers more often. */
  #rescheduleProbes(key: string): void {
    for (const worker of this.#workers.ofPool(key)) this.#prober.reschedule(worker);
  }

  #capacityChanged(key: string): void {
    this.#slots.wake(key);
    this.#load.changed(key);
  }
}
