import type { FleetRow, TestLaunchResult, WorkerTile } from "../../../operator/api/console.ts";
import type { ConsoleSource, PoolPicture } from "../../../operator/console/source.ts";

type Changed = Parameters<ConsoleSource["onChange"]>[0];
type Added = Parameters<ConsoleSource["onHistory"]>[0];

/** The console's data, as a test sets it. */
export class FakeSource implements ConsoleSource {
  readonly sinceMs = 1_000;
  readonly history = "memory";
  readonly stopped: string[] = [];
  readonly launched: string[] = [];
  /** Thrown by requests to gateways, if set. */
  failure: Error | undefined;
  #rows: ReadonlyMap<string, FleetRow> = new Map();
  readonly #workers = new Map<string, ReadonlyMap<string, WorkerTile>>();
  readonly #pictures = new Map<string, PoolPicture>();
  readonly #changed = new Set<Changed>();
  readonly #added = new Set<Added>();

  constructor(...keys: readonly string[]) {
    for (const key of keys) this.set(key, {});
  }

  get listeners(): number {
    return this.#changed.size + this.#added.size;
  }

  /** Changes a pool; undefined deletes it. */
  set(key: string, change: Partial<FleetRow> | undefined, tiles: readonly WorkerTile[] = []): void {
    const rows = new Map(this.#rows);
    this.#pictures.delete(key);
    if (change === undefined) rows.delete(key);
    else {
      const row = { ...(rows.get(key) ?? rowOf(key)), ...change };
      rows.set(key, row);
      const workers = tiles.length === 0 ? this.#workers.get(key) : new Map(tiles.map((tile) => [tile.uid, tile]));
      this.#workers.set(key, workers ?? new Map());
      const summary = { ...row, groups: [], presets: [], conditions: [], latest: [] };
      this.#pictures.set(key, { summary, workers: this.#workers.get(key)! });
    }
    this.#rows = rows;
    this.touch(key);
  }

  /** Calls back without a change. */
  touch(key: string): void {
    for (const changed of this.#changed) changed(key);
  }

  add(key: string, added: Parameters<Added>[1]): void {
    for (const listener of this.#added) listener(key, added);
  }

  fleet() {
    return this.#rows;
  }

  pool(key: string) {
    return this.#pictures.get(key);
  }

  onChange(changed: Changed) {
    this.#changed.add(changed);
    return () => this.#changed.delete(changed);
  }

  onHistory(added: Added) {
    this.#added.add(added);
    return () => this.#added.delete(added);
  }

  async historyOf(key: string, fromMs: number, toMs: number) {
    return this.#rows.has(key) ? { fromMs, toMs, stepMs: 5_000, samples: [], decisions: [] } : undefined;
  }

  decision() {
    return undefined;
  }

  replay(key: string) {
    return this.#rows.has(key) ? { pool: "kind: AvatarPool", launches: [], fromMs: 0, about: "" } : undefined;
  }

  async sessions() {
    if (this.failure !== undefined) throw this.failure;
    return { sessions: [], complete: true };
  }

  async stopSessions(key: string, room: string) {
    if (this.failure !== undefined) throw this.failure;
    this.stopped.push(`${key} ${room}`);
    return room === "empty" ? 0 : 1;
  }

  async launch(key: string, { room }: { readonly room: string }): Promise<TestLaunchResult> {
    this.launched.push(`${key} ${room}`);
    return { status: 200, room, stages: [] };
  }
}

function rowOf(key: string): FleetRow {
  const [namespace = "", name = ""] = key.split("/");
  return {
    ...{ namespace, name, health: "ok", sentence: "", sessions: 0, slots: 0, warmSlots: 0, queued: 0, pressurePerMinute: 0 },
    ...{ objectiveMs: 4_000, objectivePercentile: 95, stale: false },
  };
}

export function tile(uid: string, change: Partial<WorkerTile> = {}): WorkerTile {
  return {
    ...{ uid, pod: uid, group: "gpu", state: "warm", slots: 2, sessions: 0, reserved: 0, blocked: 0, protected: false },
    ...{ outdated: false, createdAtMs: 0, why: "", ...change },
  };
}
