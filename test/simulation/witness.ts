import type { PoolConfig } from "../../operator/api/pool-config.ts";
import type { PoolEvent } from "../../operator/pool/report.ts";
import type { Write } from "./api.ts";
import { type ApiObject, labelsOf } from "./api-objects.ts";
import type { Cause } from "./cluster.ts";
import type { Timeline } from "./timeline.ts";

/** In every secret of a world, so that one look finds whatever got out. */
export const SECRET_MARK = "SECRETVALUE";
const marks = [SECRET_MARK, Buffer.from(SECRET_MARK).toString("base64").slice(0, 12)];

/** Views may be this far behind in a troubled world: a write may follow the spec of then. */
const OLD_SPEC_MS = 65_000;
const MOST_VIOLATIONS = 20;

interface LogCounts {
  readonly from?: number;
  readonly to?: number;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

interface SpecVersion {
  readonly sinceMs: number;
  readonly bounds: ReadonlyMap<string, Bounds>;
}

export interface WitnessOptions {
  readonly now: () => number;
  readonly timeline: Timeline;
  /** Whether fewer workers than the minimum are right: none is started without the API secret, and all go with their pool. */
  readonly belowMinimum: () => boolean;
  readonly untroubled: () => boolean;
}

/** Notes every broken promise in what the product writes, says and does, at the moment at which it happens. */
export class Witness {
  readonly violations: string[] = [];
  readonly counts = { writes: 0, decisions: 0, endedByUs: 0, endedByDrainTimeout: 0, endedByTrouble: 0, drained: 0 };
  lastWriteMs: number;
  /** The same without what only tells of the world. */
  lastChangeMs: number;
  readonly #lastTold = new Map<string, string>();
  readonly #options: WitnessOptions;
  #specs: SpecVersion[] = [];
  /** Changes of size by Deployment: those that were written, and those that were announced. */
  readonly #changes = new Map<string, { written: number; told: number }>();

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.lastWriteMs = options.now();
    this.lastChangeMs = this.lastWriteMs;
  }

  broken(promise: number, what: string): void {
    const text = `promise ${promise}: ${what}`;
    this.#options.timeline.note("BROKEN", text);
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push(text);
  }

  /** The pool's spec is this from now on. */
  specChanged(pool: PoolConfig): void {
    const nowMs = this.#options.now();
    const recent = this.#specs.filter((_, index) => (this.#specs[index + 1]?.sinceMs ?? nowMs) > nowMs - OLD_SPEC_MS);
    const bounds = new Map(pool.groups.map(({ deploymentName, min, max }) => [deploymentName, { min, max }]));
    this.#specs = [...recent, { sinceMs: nowMs, bounds }];
  }

  /** Promise 1: sessions on a pod that is told to go, or that goes. */
  disturbed(pod: ApiObject, sessions: number, cause: Cause, ended: boolean): void {
    const { timeline } = this.#options;
    timeline.note("pod", `${pod.metadata.name} ${ended ? "goes" : "is told to go"} with ${sessions} sessions: ${cause}`);
    switch (cause) {
      case "scale-down":
      case "deployment-deleted":
        // The drain would save them, for as long as it may take; the safe path never comes to that.
        if (ended) this.counts.endedByUs += sessions;
        this.broken(1, `${pod.metadata.name} is taken away with ${sessions} sessions on it: ${cause}`);
        return;
      case "rollout":
      case "by-hand":
        this.counts.drained += sessions;
        return;
      case "drain-timeout":
        this.counts.endedByDrainTimeout += sessions;
        return;
      case "node-lost":
      case "crash":
        this.counts.endedByTrouble += sessions;
    }
  }

  /** Promises 4 and 7, at every write. */
  wrote(write: Write): void {
    const { verb, plural, before, wanted, subresource } = write;
    this.counts.writes++;
    this.lastWriteMs = this.#options.now();
    if (plural !== "avatarpools" || subresource !== "status") this.lastChangeMs = this.lastWriteMs;
    const text = JSON.stringify(wanted);
    const name = before?.metadata.name ?? (wanted as Partial<ApiObject>).metadata?.name ?? "";
    this.told(`${verb} of ${plural} ${name}`, text);
    this.#options.timeline.note(
      "write",
      `${verb} ${plural}/${name}${subresource === undefined ? "" : `/${subresource}`} ${brief(write)}`,
    );
    if (plural === "deployments" && verb !== "delete") this.#sized(name, write);
  }

  /** Promise 7, wherever the product says something. */
  told(where: string, text: string): void {
    for (const mark of marks) {
      const at = text.indexOf(mark);
      if (at >= 0) this.broken(7, `${where} carries a secret: ${text.slice(Math.max(0, at - 60), at + 20)}`);
    }
  }

  event(event: PoolEvent): void {
    this.told("an event", JSON.stringify(event));
  }

  /** A line of the operator's log. Every decision is one, with its reason. */
  log(line: string): void {
    this.told("a log line", line);
    const { msg, group, from, to, reason } = JSON.parse(line) as Partial<Record<"msg" | "group" | "reason", string>> & LogCounts;
    if (msg !== "scaled" || group === undefined) return;
    const decision = `${group} ${from} -> ${to}: ${reason}`;
    this.#options.timeline.note("decision", decision);
    this.counts.decisions++;
    this.#changesOf(group).told++;
    if (decision === this.#lastTold.get(group) && this.#options.untroubled())
      this.broken(4, `the same is decided twice: ${decision}`);
    this.#lastTold.set(group, decision);
  }

  /** An unchanged world costs no writes, and every change of size was announced with its reason. */
  finish(troubled: boolean): void {
    if (troubled) return;
    for (const [group, { written, told }] of this.#changes)
      if (written > told) this.broken(6, `${group} changed its size ${written} times, with ${told} reasons told`);
  }

  #sized(name: string, { before, wanted }: Write): void {
    const next = (wanted as { readonly spec?: { readonly replicas?: number } }).spec?.replicas;
    const last = (before?.spec as { readonly replicas?: number } | undefined)?.replicas;
    if (next === undefined) return;
    const group = (before ?? (wanted as ApiObject)) as ApiObject;
    if (last !== undefined && next !== last) {
      const changes = this.#changesOf(labelsOf(group)["avatarpool.dev/group"] ?? name);
      // What a plan changes is told before the next one is made.
      if (changes.written > changes.told && this.#options.untroubled())
        this.broken(4, `${name} changes its size twice in one plan: to ${next}, from ${last}`);
      changes.written++;
    }
    const recent = this.#specs.filter(
      (_, i) => (this.#specs[i + 1]?.sinceMs ?? this.#options.now()) >= this.#options.now() - OLD_SPEC_MS,
    );
    const known = recent.flatMap(({ bounds }) => bounds.get(name) ?? []);
    // A size outside the bounds, by an edit or by hand, is moved inside step by step.
    const allowed = (bounds: Bounds) =>
      (next <= bounds.max || (last !== undefined && next <= last)) &&
      (next >= bounds.min || (last !== undefined && next >= last) || this.#options.belowMinimum());
    const retiring = recent.some(({ bounds }) => !bounds.has(name)) && last !== undefined && next <= last;
    if (retiring || known.some(allowed)) return;
    this.broken(
      4,
      `${name} is given ${next} replicas (had ${last}), outside ${known.map(({ min, max }) => `${min}..${max}`).join(" and ")}`,
    );
  }

  #changesOf(group: string): { written: number; told: number } {
    const known = this.#changes.get(group) ?? { written: 0, told: 0 };
    this.#changes.set(group, known);
    return known;
  }
}

/** What of a write a reader of the timeline wants to see. */
function brief({ plural, wanted, before }: Write): string {
  const { spec, metadata, status } = wanted as {
    readonly spec?: { readonly replicas?: number };
    readonly metadata?: { readonly annotations?: object; readonly labels?: object; readonly finalizers?: unknown };
    readonly status?: {
      readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
    };
  };
  if (status?.conditions !== undefined)
    return status.conditions.map(({ type, status: holds, reason }) => `${type}=${holds}(${reason})`).join(" ");
  if (plural === "deployments")
    return `replicas ${(before?.spec as { readonly replicas?: number } | undefined)?.replicas} -> ${spec?.replicas}`;
  return JSON.stringify({ labels: metadata?.labels, annotations: metadata?.annotations, finalizers: metadata?.finalizers });
}
