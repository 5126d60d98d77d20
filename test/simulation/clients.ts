import { poolKey } from "../../operator/api/pool-config.ts";
import { LaunchError } from "../../operator/gateway/errors.ts";
import type { Draw } from "./draw-group.ts";
import type { SimGateway } from "./gateway.ts";
import type { JudgedWorld } from "./judged.ts";
import { judgeAnswer, judgeWait, type LaunchRecord } from "./launches.ts";
import { simToken } from "./room-token.ts";
import { Rooms } from "./rooms.ts";
import { isFull, ServingWatch } from "./serving.ts";
import { SECRET_MARK } from "./witness.ts";

/** The client's pause between two attempts. */
const RETRY_MS = 2_000;
/** Sessions that may be replaced or ended began within this time. */
const RECENT_MS = 180_000;

interface ServedWorld extends JudgedWorld {
  readonly gateways: readonly SimGateway[];
}

/** The clients of a world: their launches, the results, and the promises about them. */
export class Clients {
  readonly launches: LaunchRecord[] = [];
  /** Sessions that began without an operator, or during a fault of the API server. */
  servedAlone = 0;
  /** When the pool last had its maximum of sessions. */
  lastFullMs = Number.NEGATIVE_INFINITY;
  readonly #world: ServedWorld;
  readonly #waiting = new Set<LaunchRecord>();
  readonly #serving = new ServingWatch();
  /** Rooms with several launches. */
  readonly rooms: Rooms;
  #launched = 0;

  constructor(world: ServedWorld) {
    this.#world = world;
    this.rooms = new Rooms(world);
  }

  /** Launches without a response so far. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Time for which the oldest waiting launch has waited. */
  get longestWaitMs(): number {
    const [oldest] = this.#waiting;
    return oldest === undefined ? 0 : this.#world.clock.now() - oldest.atMs;
  }

  /** A client's launch through one of the gateways. The client may disconnect early. */
  launch(preset: string | undefined, patienceMs?: number): void {
    const room = `room-${this.#launched + 1}`;
    this.#send({ room, id: room, preset, begunBefore: 0 }, patienceMs);
  }

  /** An agent is dispatched again: its next job launches into the same room. */
  dispatchAgain(draw: Draw): void {
    const last = this.#settled(draw);
    if (last === undefined) return;
    const { room, preset } = last;
    this.#send({ room, id: `agent-${this.#launched + 1}-in-${room}`, preset, begunBefore: 0 });
  }

  /** A client ends the sessions of a room through a gateway, and repeats the launch. */
  async endAndRepeat(draw: Draw): Promise<void> {
    const { gateways, pool, timeline, workers, started } = this.#world;
    const gateway = draw.one(gateways);
    const last = this.#settled(draw);
    if (last === undefined || gateway === undefined) return;
    const { room, id, preset } = last;
    timeline.note("stop", `${gateway.name} ends the sessions of ${room}`);
    const ended = this.rooms.ends(room, gateway);
    const found = await gateway.core.sessions.end(pool, room);
    ended();
    const empty = found.complete && workers.inRoom(room).length === 0;
    // Another client may have launched meanwhile.
    if (empty && last.outcome === "session" && this.rooms.last(room) === last && gateway.process.alive)
      this.#send({ room, id, preset, begunBefore: started.get(id) ?? 0 });
  }

  /** The last launch of a recent room, if it has a session. */
  #settled(draw: Draw): LaunchRecord | undefined {
    const sinceMs = this.#world.clock.now() - RECENT_MS;
    const recent = this.launches.filter((record) => record.atMs > sinceMs && this.rooms.last(record.room) === record);
    return draw.one(recent.filter(({ outcome }) => outcome === "session"));
  }

  #send(asked: Pick<LaunchRecord, "room" | "id" | "preset" | "begunBefore">, patienceMs?: number): void {
    const { gateways, pool, clock, timeline, witness } = this.#world;
    const { room, id, preset } = asked;
    const gateway = gateways[this.#launched % Math.max(1, gateways.length)];
    this.#launched++;
    // Without a gateway the client gets no connection, so there is nothing to check.
    if (gateway === undefined) return;
    const client = new AbortController();
    const deadlineMs = pool.launch.queueDeadlineMs;
    const record: LaunchRecord = { ...asked, gateway, atMs: clock.now(), deadlineMs, outcome: "waiting", code: "" };
    this.launches.push(record);
    this.rooms.asked(record);
    this.#waiting.add(record);
    timeline.note("launch", `${id} launches ${preset ?? "its own face"} through ${gateway.name}`);
    const settle = (outcome: LaunchRecord["outcome"], error?: LaunchError) => this.#answered(record, outcome, error);
    const token = simToken(id, SECRET_MARK);
    const apiSecret = this.#launched % 3 === 0 ? `${SECRET_MARK}-client` : undefined;
    const answer = async () => gateway.launch({ pool: poolKey(pool), room, token, apiSecret, preset, signal: client.signal });
    answer().then(
      () => settle("session"),
      (error: unknown) => {
        if (!(error instanceof LaunchError)) witness.broken(2, `${room} fails with ${String(error)}`);
        settle("refused", error instanceof LaunchError ? error : undefined);
      },
    );
    if (patienceMs !== undefined) clock.schedule(patienceMs, () => client.abort());
  }

  /** A gateway died with the connections of its clients. The clients retry at another one. */
  cutOff(gateway: SimGateway): void {
    this.rooms.cutOff(gateway);
    for (const record of [...this.#waiting]) {
      if (record.gateway !== gateway) continue;
      this.#answered(record, "cut-off");
      const { room, id, preset } = record;
      this.#world.clock.schedule(RETRY_MS, () => this.#send({ room, id, preset, begunBefore: 0 }));
    }
  }

  /** The promises about waiting launches, at every step. */
  look(): void {
    if (isFull(this.#world)) this.lastFullMs = this.#world.clock.now();
    for (const record of this.#waiting) judgeWait(this.#world, record);
    this.rooms.look();
    this.#serving.look(this.#world, this.#waiting);
  }

  #answered(record: LaunchRecord, outcome: LaunchRecord["outcome"], error?: LaunchError): void {
    if (record.outcome === "cut-off") return;
    const { timeline, witness, operator, api } = this.#world;
    if (record.outcome !== "waiting") witness.broken(2, `${record.room} has two responses`);
    record.outcome = outcome;
    record.code = error?.code ?? "";
    this.#waiting.delete(record);
    timeline.note("answer", `${record.id} ${outcome}${error === undefined ? "" : `: ${error.code}, ${error.message}`}`);
    witness.told("a response", error?.message ?? "");
    judgeAnswer(this.#world, record, error);
    if (error?.code === "queue_full" || error?.code === "deadline_exceeded")
      this.#serving.refused(this.#world, record, this.#waiting.size);
    if (outcome === "session" && (operator === undefined || api.trouble !== undefined)) this.servedAlone++;
  }
}
