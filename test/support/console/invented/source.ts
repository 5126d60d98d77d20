import type { DecisionDetail, FleetRow, PoolSummary, WorkerTile } from "../../../../operator/api/console.ts";
import type { ConsoleSource, PoolPicture } from "../../../../operator/console/source.ts";
import { seededRandom } from "../../../../operator/runtime/random.ts";
import { type FleetOptions, type InventedPool, inventedFleet } from "./fleet.ts";
import { inventedHistory, inventedSample } from "./history.ts";

type Changed = Parameters<ConsoleSource["onChange"]>[0];
type Added = Parameters<ConsoleSource["onHistory"]>[0];

/** An invented fleet as the data of a console. `step` starts and ends sessions. */
export class InventedSource implements ConsoleSource {
  readonly sinceMs: number;
  readonly history = "memory";
  readonly #pools: Map<string, InventedPool>;
  readonly #pictures = new Map<string, PoolPicture>();
  readonly #changed = new Set<Changed>();
  readonly #added = new Set<Added>();
  readonly #random = seededRandom(1, "source");
  #rows: ReadonlyMap<string, FleetRow>;

  constructor(options: FleetOptions) {
    this.sinceMs = options.nowMs - 3 * 3_600_000;
    this.#pools = new Map(inventedFleet(options));
    this.#rows = new Map([...this.#pools].map(([key, { summary }]) => [key, rowOf(summary)]));
    for (const [key, pool] of this.#pools) this.#pictures.set(key, pictureOf(pool));
  }

  fleet(): ReadonlyMap<string, FleetRow> {
    return this.#rows;
  }

  pool(key: string): PoolPicture | undefined {
    return this.#pictures.get(key);
  }

  onChange(changed: Changed): () => void {
    this.#changed.add(changed);
    return () => this.#changed.delete(changed);
  }

  onHistory(added: Added): () => void {
    this.#added.add(added);
    return () => this.#added.delete(added);
  }

  async historyOf(key: string, fromMs: number, toMs: number) {
    return this.#pools.has(key) ? inventedHistory(key, fromMs, toMs) : undefined;
  }

  decision(key: string, id: string): DecisionDetail | undefined {
    const atMs = Number(id.split("-")[0]);
    const history = inventedHistory(key, atMs - 14_400_000, atMs + 1);
    const marks = [...(this.#pools.get(key)?.summary.latest ?? []), ...history.decisions];
    const mark = marks.find((each) => each.id === id);
    if (mark === undefined) return undefined;
    const inputs = { sessions: 24, queued: 1, buffer: 6, deficit: 1, blocked: 0, slotsPerWorker: 4, min: 1, max: 20, maxStep: 8 };
    const points = Array.from({ length: 13 }, (_, slots) => ({ slots, atMost: 1 - Math.exp(-(slots + 0.4) / 1.9) }));
    return {
      ...{ ...mark, inputs },
      what: {
        fewer: { to: mark.to, arithmetic: `23 sessions + 1 queued + 6 warm = 30 slots / 4 per worker = ${mark.to}` },
        more: { to: mark.to + 1, arithmetic: `25 sessions + 1 queued + 7 warm = 33 slots / 4 per worker = ${mark.to + 1}` },
      },
      forecast: { points, chosen: 6, level: 0.95, timeToWarmMs: 41_000, because: "the short window has the larger arrival rate" },
    };
  }

  replay(key: string) {
    if (!this.#pools.has(key)) return undefined;
    const random = seededRandom(1, key);
    const launches = Array.from({ length: 300 }, (_, at) => ({ arrivalS: at * 36, durationS: 120 + Math.round(900 * random()) }));
    return { pool: POOL_FILE, launches, fromMs: this.sinceMs, about: "Durations are estimated from the mean number of sessions." };
  }

  async sessions(key: string) {
    return { sessions: this.#pools.get(key)?.sessions ?? [], complete: true };
  }

  async stopSessions(key: string, room: string): Promise<number> {
    const pool = this.#pools.get(key);
    const stopped = pool?.sessions.find((session) => session.room === room);
    if (pool === undefined || stopped === undefined) return 0;
    const sessions = pool.sessions.filter((session) => session !== stopped);
    this.#update(key, { ...pool, sessions }, stopped.worker, -1);
    return 1;
  }

  async launch(_key: string, { room }: { readonly room: string }) {
    const stages = [
      { name: "picked", ms: 3 },
      { name: "accepted", ms: 71 },
      { name: "running", ms: 3_120 },
    ];
    return { status: 200, room, path: "warm", stages };
  }

  /** Starts or ends a session on a worker of each pool, and adds a sample. */
  step(nowMs: number): void {
    for (const [key, pool] of this.#pools) {
      const worker = pool.workers[Math.floor(this.#random() * pool.workers.length)];
      if (worker?.state !== "warm") continue;
      const full = worker.sessions + worker.reserved + worker.blocked >= worker.slots;
      this.#update(key, pool, worker.pod, full || (worker.sessions > 0 && this.#random() < 0.5) ? -1 : 1);
      const sample = inventedSample(nowMs, pool.workers.length, this.#random());
      for (const added of this.#added) added(key, { decisions: [], sample });
    }
  }

  #update(key: string, pool: InventedPool, pod: string, change: number): void {
    const workers = pool.workers.map((worker): WorkerTile => {
      if (worker.pod !== pod) return worker;
      const sessions = Math.max(0, worker.sessions + change);
      const free = worker.slots - sessions - worker.reserved - worker.blocked;
      return { ...worker, sessions, protected: sessions > 0, why: `warm; ${free} of ${worker.slots} slots are free` };
    });
    const sessions = Math.max(0, pool.summary.sessions + change);
    const summary = { ...pool.summary, sessions, warmSlots: Math.max(0, pool.summary.warmSlots - change) };
    const updated = { ...pool, workers, summary };
    this.#pools.set(key, updated);
    this.#pictures.set(key, pictureOf(updated));
    this.#rows = new Map(this.#rows).set(key, rowOf(summary));
    for (const changed of this.#changed) changed(key);
  }
}

function pictureOf({ summary: { may: _, ...summary }, workers }: InventedPool): PoolPicture {
  return { summary, workers: new Map(workers.map((worker) => [worker.uid, worker])) };
}

function rowOf({
  groups: _groups,
  presets: _presets,
  conditions: _conditions,
  latest: _latest,
  may: _may,
  ...row
}: PoolSummary): FleetRow {
  return row;
}

const POOL_FILE = `apiVersion: avatarpool.dev/v1alpha1
kind: AvatarPool
metadata:
  name: support
  namespace: avatars
spec:
  apiSecretRef:
    name: bithuman
    key: api-secret
  presets:
    - name: maya
      image:
        url: https://example.com/maya.jpg
  workers:
    - name: gpu
      engine: expression
      max: 20
  warm:
    slots: auto
`;
