import { poolKey } from "../../operator/api/pool-config.ts";
import { LaunchError } from "../../operator/gateway/launch/launch-error.ts";
import type { SimGateway } from "./gateway.ts";
import type { JudgedWorld } from "./judged.ts";
import { judgeAnswer, judgeWait, type LaunchRecord } from "./launches.ts";
import { isFull, ServingWatch } from "./serving.ts";
import { SECRET_MARK } from "./witness.ts";

interface ServedWorld extends JudgedWorld {
  readonly gateways: readonly SimGateway[];
}

/** Those who launch sessions: what they asked for, what became of it, and whether that was right. */
export class Clients {
  readonly launches: LaunchRecord[] = [];
  /** Sessions that began while no operator ran, or the API server was in trouble. */
  servedAlone = 0;
  /** When the pool had as many sessions as it may last. */
  lastFullMs = Number.NEGATIVE_INFINITY;
  readonly #world: ServedWorld;
  readonly #waiting = new Set<LaunchRecord>();
  readonly #serving = new ServingWatch();
  #launched = 0;

  constructor(world: ServedWorld) {
    this.#world = world;
  }

  /** Launches that have no answer yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** For how long the launch that waits longest has waited. */
  get longestWaitMs(): number {
    const [oldest] = this.#waiting;
    return oldest === undefined ? 0 : this.#world.clock.now() - oldest.atMs;
  }

  /** A client's launch through one of the gateways; it may lose patience. */
  launch(preset: string | undefined, patienceMs?: number): void {
    const { gateways, pool, clock, timeline, witness } = this.#world;
    const gateway = gateways[this.#launched % Math.max(1, gateways.length)];
    const room = `room-${++this.#launched}`;
    // Nobody listens: the client's own affair.
    if (gateway === undefined) return;
    const client = new AbortController();
    const deadlineMs = pool.launch.queueDeadlineMs;
    const record: LaunchRecord = { room, preset, gateway, atMs: clock.now(), deadlineMs, outcome: "waiting", code: "" };
    this.launches.push(record);
    this.#waiting.add(record);
    timeline.note("launch", `${room} asks ${gateway.name} for ${preset ?? "a face of its own"}`);
    const settle = (outcome: LaunchRecord["outcome"], error?: LaunchError) => this.#answered(record, outcome, error);
    const token = `${SECRET_MARK}-token-${room}`;
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

  /** A gateway died, with the connections of its clients. */
  cutOff(gateway: SimGateway): void {
    for (const record of [...this.#waiting]) if (record.gateway === gateway) this.#answered(record, "cut-off");
  }

  /** The promises to those that wait, at every step. */
  look(): void {
    if (isFull(this.#world)) this.lastFullMs = this.#world.clock.now();
    for (const record of this.#waiting) judgeWait(this.#world, record);
    this.#serving.look(this.#world, this.#waiting);
  }

  #answered(record: LaunchRecord, outcome: LaunchRecord["outcome"], error?: LaunchError): void {
    if (record.outcome === "cut-off") return;
    const { timeline, witness, operator, api } = this.#world;
    if (record.outcome !== "waiting") witness.broken(2, `${record.room} is answered twice`);
    record.outcome = outcome;
    record.code = error?.code ?? "";
    this.#waiting.delete(record);
    timeline.note("answer", `${record.room} ${outcome}${error === undefined ? "" : `: ${error.code}, ${error.message}`}`);
    witness.told("an answer", error?.message ?? "");
    judgeAnswer(this.#world, record, error);
    if (error?.code === "queue_full" || error?.code === "deadline_exceeded")
      this.#serving.refused(this.#world, record, this.#waiting.size);
    if (outcome === "session" && (operator === undefined || api.trouble !== undefined)) this.servedAlone++;
  }
}
