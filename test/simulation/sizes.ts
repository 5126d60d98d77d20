import type { PoolConfig } from "../../operator/api/pool-config.ts";
import type { Write } from "./api.ts";
import { type ApiObject, labelsOf } from "./api-objects.ts";

/** Maximum lag of views in a troubled world: a write may follow the spec of that time. */
const OLD_SPEC_MS = 65_000;
/** The default of `scaling.maxStep`: 10 workers, or half of the existing ones. */
const DEFAULT_STEP = 10;

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly maxStep: number | undefined;
}

interface SpecVersion {
  readonly sinceMs: number;
  /** By name of the Deployment. */
  readonly bounds: ReadonlyMap<string, Bounds>;
}

export interface SizeJudgeOptions {
  readonly now: () => number;
  readonly broken: (promise: number, what: string) => void;
  /** Whether fewer workers than the minimum are correct: without the API secret none starts, and a deleted pool has none. */
  readonly belowMinimum: () => boolean;
  readonly untroubled: () => boolean;
  /** Pods of a Deployment that are not being deleted. */
  readonly pods: (deployment: string) => number;
}

/** Promise 4, at every write of a size: within the bounds, one change per plan, one step at a time, each with its reason. */
export class SizeJudge {
  readonly #options: SizeJudgeOptions;
  #specs: SpecVersion[] = [];
  /** By name of the Deployment: the last size that an operator wrote. */
  readonly #written = new Map<string, number>();
  /** Changes of size by group: those that were written, and those that were reported. */
  readonly #changes = new Map<string, { written: number; told: number }>();

  constructor(options: SizeJudgeOptions) {
    this.#options = options;
  }

  /** The pool's spec from now on. */
  specChanged({ groups, scaling: { maxStep } }: PoolConfig): void {
    const bounds = new Map(groups.map(({ deploymentName, min, max }) => [deploymentName, { min, max, maxStep }]));
    this.#specs = [...this.#recent(), { sinceMs: this.#options.now(), bounds }];
  }

  /** A write of a Deployment. */
  wrote(name: string, { before, wanted }: Write): void {
    const next = replicasOf(wanted);
    const last = before && replicasOf(before);
    if (next === undefined) return;
    const group = labelsOf((before ?? wanted) as ApiObject)["avatarpool.dev/group"] ?? name;
    if (last !== undefined && next !== last) this.#countOnce(group, name, last, next);
    this.#judgeBounds(name, last, next);
    this.#judgeStep(name, last ?? 0, next);
    this.#written.set(name, next);
  }

  /** A change of size was reported with its reason. */
  told(group: string): void {
    this.#changesOf(group).told++;
  }

  /** At the end of an untroubled world. */
  finish(): void {
    for (const [group, { written, told }] of this.#changes)
      if (written > told) this.#options.broken(6, `${group} changed its size ${written} times, but reported ${told} reasons`);
  }

  #countOnce(group: string, name: string, last: number, next: number): void {
    const changes = this.#changesOf(group);
    // A plan's changes are reported before the next plan.
    if (changes.written > changes.told && this.#options.untroubled())
      this.#options.broken(4, `${name} changes its size twice in one plan: to ${next}, from ${last}`);
    changes.written++;
  }

  #judgeBounds(name: string, last: number | undefined, next: number): void {
    const recent = this.#recent();
    const known = recent.flatMap(({ bounds }) => bounds.get(name) ?? []);
    // A size outside the bounds, by an edit or by hand, is moved inside step by step.
    const allowed = ({ min, max }: Bounds) =>
      (next <= max || (last !== undefined && next <= last)) &&
      (next >= min || (last !== undefined && next >= last) || this.#options.belowMinimum());
    const retiring = recent.some(({ bounds }) => !bounds.has(name)) && last !== undefined && next <= last;
    if (retiring || known.some(allowed)) return;
    const bounds = known.map(({ min, max }) => `${min}..${max}`).join(" and ");
    this.#options.broken(4, `${name} gets ${next} replicas (before: ${last}), outside ${bounds}`);
  }

  /** A size exceeds the existing workers by one step at most, or is the minimum. Views of pods lag a moment. */
  #judgeStep(name: string, last: number, next: number): void {
    const known = this.#recent().flatMap(({ bounds }) => bounds.get(name) ?? []);
    if (next <= last || known.length === 0) return;
    const existing = this.#options.untroubled()
      ? Math.min(last, this.#options.pods(name))
      : // The operator may not have received a recent foreign change of the size.
        Math.max(last, this.#written.get(name) ?? 0);
    const most = ({ min, maxStep }: Bounds) =>
      Math.max(min, existing + (maxStep ?? Math.max(DEFAULT_STEP, Math.ceil(existing / 2))));
    if (known.every((bounds) => next > most(bounds)))
      this.#options.broken(4, `${name} grows from ${last} to ${next} at once, with ${existing} workers: more than scaling.maxStep`);
  }

  /** The specs that the operator may have used for its plan. */
  #recent(): SpecVersion[] {
    const sinceMs = this.#options.now() - OLD_SPEC_MS;
    return this.#specs.filter((_, index) => (this.#specs[index + 1]?.sinceMs ?? Number.POSITIVE_INFINITY) >= sinceMs);
  }

  #changesOf(group: string): { written: number; told: number } {
    const known = this.#changes.get(group) ?? { written: 0, told: 0 };
    this.#changes.set(group, known);
    return known;
  }
}

function replicasOf(object: object): number | undefined {
  return (object as { readonly spec?: { readonly replicas?: number } }).spec?.replicas;
}
