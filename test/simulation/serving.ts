import { type GroupConfig, groupServes } from "../../operator/api/pool-config.ts";
import { type ApiObject, isDeleting } from "./api-objects.ts";
import type { JudgedWorld } from "./judged.ts";
import { groupOf } from "./pod-spec.ts";

/** Time after which every gateway must have received a probe's result or a watch event. */
const SETTLED_MS = 3_000;
/** Time after a fault during which gateways eject the worker, or views and specs may differ. */
const AFTER_TROUBLE_MS = 60_000;
/** Longest time until a launch finds a free slot: a few rejections, and the probes in between. */
const FINDING_MS = 10_000;
/** Launches that may reserve a slot for all that time. */
const LONGEST_UNDER_WAY = 1;

/** The fields of a launch that this check uses. */
interface Asked {
  readonly room: string;
  readonly preset: string | undefined;
  readonly atMs: number;
}

/**
 * Promise 5, and 3 without faults, at every step and every rejection: a launch does not wait, and is not rejected, while slots are
 * free, regardless of the operator and the API server.
 */
export class ServingWatch {
  /** By UID of a worker's pod: time since which it has more free slots than gateways may be about to reserve. */
  #freeSince = new Map<string, number>();
  /** Time since which gateways receive nothing from the API server. */
  #unheardSinceMs: number | undefined;

  /** Must be called every second. */
  look(world: JudgedWorld, waiting: Iterable<Asked>): void {
    const nowMs = world.clock.now();
    const { trouble } = world.api;
    this.#unheardSinceMs = trouble === "fails" || trouble === "hangs" ? (this.#unheardSinceMs ?? nowMs - 1_000) : undefined;
    const free = world.cluster.pods().filter((pod) => this.#free(world, pod) > 1);
    this.#freeSince = new Map(free.map(({ metadata: { uid } }) => [uid, this.#freeSince.get(uid) ?? nowMs]));
    for (const asked of waiting) if (nowMs - asked.atMs >= FINDING_MS) this.#judge(world, asked, "waits", LONGEST_UNDER_WAY);
  }

  /** A launch was rejected for lack of a slot. `others`: launches under way. */
  refused(world: JudgedWorld, asked: Asked, others: number): void {
    this.#judge(world, asked, "was rejected", others);
  }

  /** @param underWay launches whose reserved slots their workers may not count yet. */
  #judge(world: JudgedWorld, { room, preset, atMs }: Asked, what: string, underWay: number): void {
    const nowMs = world.clock.now();
    if (!isServingCalm(world, atMs) || isFull(world, underWay)) return;
    const free = world.cluster.pods().filter((pod) => {
      const group = world.pool.groups.find(({ name }) => name === groupOf(pod));
      return serves(group, preset) && nowMs - (this.#freeSince.get(pod.metadata.uid) ?? nowMs) >= FINDING_MS;
    });
    const slots = free.reduce((sum, pod) => sum + this.#free(world, pod), 0);
    if (slots <= underWay) return;
    const alone = world.operator === undefined || world.api.trouble !== undefined;
    const whoIsAway = world.operator === undefined ? "no operator" : `a fault of the API server (${world.api.trouble})`;
    const names = free.map(({ metadata: { name } }) => name).join(", ");
    world.witness.broken(
      alone ? 5 : 3,
      `${room} ${what} while ${names} have ${slots} free slots and ${underWay} launches are under way${alone ? `, with ${whoIsAway}` : ""}`,
    );
  }

  #free(world: JudgedWorld, pod: ApiObject): number {
    return freeSlots(world, pod, this.#unheardSinceMs ?? world.clock.now());
  }
}

/** Whether the pool has its maximum of sessions, launches under way included, or had it until a moment ago. */
export function isFull(world: JudgedWorld, underWay = 0): boolean {
  const { maxSessions } = world.pool.limits;
  return maxSessions !== undefined && world.sessions() + underWay >= maxSessions - 1;
}

/**
 * Free slots of a worker that every gateway must have observed.
 * @param heardMs time until which gateways received events of pods.
 */
export function freeSlots(world: JudgedWorld, pod: ApiObject, heardMs: number): number {
  const worker = world.cluster.workerOf(pod);
  if (worker === undefined || isDeleting(pod)) return 0;
  const cordoned = Object.keys(pod.metadata.annotations ?? {}).some((name) => name.includes("cordon"));
  if (cordoned || worker.troubled || worker.readyAtMs + SETTLED_MS > heardMs) return 0;
  return worker.slots - worker.active;
}

/** Whether nothing happened to gateways, workers and the spec since then, and for a while before. */
function isServingCalm(world: JudgedWorld, sinceMs: number): boolean {
  return world.servingCalmSinceMs < sinceMs - AFTER_TROUBLE_MS || world.servingUntroubled;
}

function serves(group: GroupConfig | undefined, preset: string | undefined): boolean {
  return group !== undefined && groupServes(group, preset);
}
