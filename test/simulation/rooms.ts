import type { SimGateway } from "./gateway.ts";
import type { JudgedWorld } from "./judged.ts";
import type { LaunchRecord } from "./launches.ts";
import type { SimSession } from "./workers.ts";

/** From the start of the newer session: until a gateway observes it and has made a few attempts to end the older one. */
const REPLACED_WITHIN_MS = 45_000;
/** Time after a fault in which gateways and workers may be behind. */
const AFTER_TROUBLE_MS = 60_000;

interface RoomsWorld extends JudgedWorld {
  readonly gateways: readonly SimGateway[];
}

/** The rooms with repeated dispatches: each launch has its own avatar, and one of them stays. */
export class Rooms {
  readonly #world: RoomsWorld;
  /** Launches by room, oldest first. */
  readonly #launches = new Map<string, LaunchRecord[]>();
  /** Rooms whose sessions a client ends just now, each through a gateway. */
  readonly #ending = new Set<{ readonly room: string; readonly gateway: SimGateway }>();

  constructor(world: RoomsWorld) {
    this.#world = world;
  }

  asked(record: LaunchRecord): void {
    this.#launches.set(record.room, [...(this.#launches.get(record.room) ?? []), record]);
  }

  /** A client ends the sessions of a room, also those that begin meanwhile. @returns a function to call once the gateway is done. */
  ends(room: string, gateway: SimGateway): () => void {
    const ending = { room, gateway };
    this.#ending.add(ending);
    return () => this.#ending.delete(ending);
  }

  /** A gateway died: it ends nothing more. */
  cutOff(gateway: SimGateway): void {
    for (const ending of this.#ending) if (ending.gateway === gateway) this.#ending.delete(ending);
  }

  /** The last launch into a room. */
  last(room: string): LaunchRecord | undefined {
    return this.#launches.get(room)?.at(-1);
  }

  /**
   * A gateway ends a session at a worker: a newer one replaces it, or a client requested it. This is checked when the gateway
   * sends the request: a worker that hangs ends it later, after a rejection of the newer launch or the end of its gateway.
   */
  stops({ room, launch }: SimSession): void {
    const { timeline, witness } = this.#world;
    timeline.note("stop", `a gateway ends ${launch} in ${room}`);
    if ([...this.#ending].some((ending) => ending.room === room)) return;
    const launches = this.#launches.get(room) ?? [];
    const newer = launches.slice(launches.findLastIndex(({ id }) => id === launch) + 1);
    if (!newer.some(({ outcome }) => outcome === "session" || outcome === "waiting"))
      witness.broken(1, `a gateway ends ${launch} in ${room}, but no newer launch replaces it`);
  }

  /** No slot leaks. */
  look(): void {
    for (const [room, launches] of this.#launches) if (launches.length > 1) this.#judge(room, launches);
  }

  #judge(room: string, launches: readonly LaunchRecord[]): void {
    const { clock, gateways, servingUntroubled, servingCalmSinceMs, witness, workers } = this.#world;
    const nowMs = clock.now();
    if (!servingUntroubled && servingCalmSinceMs > nowMs - AFTER_TROUBLE_MS) return;
    const live = workers.inRoom(room);
    const newest = launches.findLast(({ outcome }) => outcome === "session");
    if (!live.some(({ launch, runsAtMs }) => launch === newest?.id && nowMs - runsAtMs > REPLACED_WITHIN_MS)) return;
    for (const { id, gateway, outcome } of newestOfEach(launches)) {
      // No live gateway has records of the launches of a dead gateway.
      if (id === newest?.id || outcome !== "session" || !gateways.includes(gateway)) continue;
      if (live.some(({ launch }) => launch === id)) witness.broken(2, `${id} keeps its slot although ${newest?.id} replaced it`);
    }
  }
}

/** A repeated launch, after the end of its session, may use another gateway: the last one counts. */
function newestOfEach(launches: readonly LaunchRecord[]): Iterable<LaunchRecord> {
  return new Map(launches.map((record) => [record.id, record])).values();
}
