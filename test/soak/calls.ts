import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../operator/runtime/clock.ts";
import type { WorkerTask } from "../support/media/scenario.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import type { NodeStage } from "../support/node/stage.ts";
import { type CallRecord, NO_RESPONSE } from "./verdict.ts";

/** Mean time between two calls. */
const INTERVAL_MS = 6_000;
const SHORTEST_CALL_MS = 10_000;
const LONGEST_CALL_MS = 70_000;
const LOOK_MS = 3_000;
/** Three attempts of the plugin, each with its timeout, and a minute for the first frame. */
const LAUNCH_LIMIT_MS = 100_000;
/** A picture that stands still for so many looks in a row is lost. */
const FROZEN_LOOKS = 5;

/** What the looks at a call have shown since the last good one. */
interface Looks {
  still: number;
  gone: number;
  doubled: number;
}

/** Real calls: agents that launch with the maker's plugin, and viewers that watch. They arrive at random (Poisson). */
export class SoakCalls {
  readonly records: CallRecord[] = [];
  readonly #stage: NodeStage;
  readonly #scenario: NodeScenario;
  readonly #random: Random;
  readonly #log: (line: string) => void;
  readonly #running = new Map<CallRecord, Looks>();
  readonly #under: Set<Promise<void>> = new Set();

  constructor(stage: NodeStage, scenario: NodeScenario, random: Random, log: (line: string) => void) {
    this.#stage = stage;
    this.#scenario = scenario;
    this.#random = random;
    this.#log = log;
  }

  /** Calls that have begun and not ended. */
  get running(): number {
    return this.#running.size;
  }

  /** Calls arrive until then. Resolves when the last one has ended. */
  async until(endMs: number): Promise<void> {
    const over = new AbortController();
    const looking = this.#look(over.signal);
    for (;;) {
      await sleep(-Math.log(1 - this.#random()) * INTERVAL_MS);
      if (Date.now() >= endMs) break;
      const call = this.#call(`call-${this.records.length}`);
      this.#under.add(call);
      void call.then(() => this.#under.delete(call));
    }
    await Promise.all(this.#under);
    over.abort();
    await looking;
  }

  async #call(room: string): Promise<void> {
    const lastsMs = SHORTEST_CALL_MS + this.#random() * (LONGEST_CALL_MS - SHORTEST_CALL_MS);
    const record: CallRecord = { room, launchedMs: Date.now() };
    this.records.push(record);
    try {
      const { firstFrameMs, failures } = await limited(this.#scenario.call(room, { avatar_id: "leo" }));
      record.shownMs = record.launchedMs + firstFrameMs;
      if (failures.length > 0) this.#log(`${room}: the plugin tried again after ${failures.join("; ")}`);
    } catch (error) {
      record.failure = error instanceof Error ? error.message : String(error);
      record.endedMs = Date.now();
      this.#log(`${room}: the launch failed: ${record.failure}`);
    }
    if (record.failure === undefined) {
      this.#running.set(record, { still: 0, gone: 0, doubled: 0 });
      note(record, await this.#scenario.activeTasks().catch(() => []));
      const hangsUpMs = Date.now() + lastsMs;
      while (Date.now() < hangsUpMs && record.lostMs === undefined) await sleep(500);
      this.#running.delete(record);
      record.endedMs = Date.now();
    }
    // The agent and the viewer leave, and the worker finds itself alone in the room.
    await this.#scenario.end(room).catch(() => undefined);
    await this.#stage.callers.hangUp(room);
  }

  async #look(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Without an API server the pods are unknown.
      const tasks = await this.#scenario.activeTasks().catch(() => []);
      await Promise.all([...this.#running].map(([record, looks]) => this.#lookAt(record, looks, tasks)));
      await sleep(LOOK_MS);
    }
  }

  async #lookAt(record: CallRecord, looks: Looks, tasks: readonly WorkerTask[]): Promise<void> {
    looks.doubled = note(record, tasks) > 1 ? looks.doubled + 1 : 0;
    if (looks.doubled > 1) record.doubled = true;
    const [avatar] = await this.#stage.callers.watch(record.room).catch(() => []);
    // It may have hung up meanwhile.
    if (!this.#running.has(record)) return;
    looks.gone = avatar === undefined ? looks.gone + 1 : 0;
    looks.still = avatar?.frames === 0 ? looks.still + 1 : 0;
    if (looks.gone < 2 && looks.still < FROZEN_LOOKS) return;
    record.lostMs ??= Date.now();
    this.#log(`${record.room} on ${record.pod}: the avatar ${looks.gone > 1 ? "has left" : "stands still"}`);
  }
}

/** The plugin itself waits for as long as TCP does, a quarter of an hour, if the gateway's machine is lost during its request. */
async function limited<T>(launch: Promise<T>): Promise<T> {
  const over = new AbortController();
  const limit = sleep(LAUNCH_LIMIT_MS, undefined, { signal: over.signal }).then(() => {
    throw new Error(NO_RESPONSE);
  });
  // The launch may fail after its caller has given up, and the limit is aborted after the launch.
  launch.catch(() => undefined);
  limit.catch(() => undefined);
  return Promise.race([launch, limit]).finally(() => over.abort());
}

/** Takes down the call's worker. @returns the number of sessions that the call has. */
function note(record: CallRecord, tasks: readonly WorkerTask[]): number {
  const own = tasks.filter(({ room_name: room }) => room === record.room);
  if (own[0] !== undefined) record.pod ??= own[0].pod;
  return own.length;
}
