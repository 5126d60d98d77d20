import { type ConditionType, conditionTypes } from "../api/conditions.ts";
import { API_GROUP_VERSION, KIND } from "../api/names.ts";
import { poolKey } from "../api/pool-config.ts";
import { refOf } from "../kube/types.ts";
import { type EventReason, eventReasons } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { OperatorMetrics } from "../telemetry/metrics.ts";
import { type Finding, findings } from "./conditions.ts";
import { drainEnds } from "./drain-end.ts";
import { listed } from "./listed.ts";
import { changesOf, type Plan } from "./plan.ts";
import type { Snapshot } from "./snapshot.ts";

export interface PoolEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly note: string;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
}

export interface ReporterOptions {
  readonly record: (event: PoolEvent) => void;
  readonly logger: Logger;
  readonly metrics: Pick<OperatorMetrics, "groupWorkers" | "scaleChanges">;
}

/** Tells people what was decided: one event a change, a log line, the gauges. */
export class Reporter {
  readonly #options: ReporterOptions;
  /** By pool and condition: how it was when last looked at, so that only a change makes an event. */
  readonly #conditions = new Map<string, string>();
  /** By pool: UIDs of workers of which it was told that their sessions end. */
  readonly #drainEnds = new Map<string, ReadonlySet<string>>();
  /** By pool: the groups that have gauges. */
  readonly #groups = new Map<string, readonly string[]>();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  forget(key: string): void {
    for (const type of Object.values(conditionTypes)) this.#conditions.delete(`${key} ${type}`);
    this.#drainEnds.delete(key);
    this.#keepGauges(key, []);
    this.#groups.delete(key);
  }

  /** @param pressureToPatchMs how long launches had been short of capacity when the plan answered that, where it did. */
  report(snapshot: Snapshot, plan: Plan, pressureToPatchMs?: number): void {
    const { pool } = snapshot;
    const tell = (type: PoolEvent["type"], reason: EventReason, note: string) =>
      this.#options.record({
        type,
        reason,
        note,
        regarding: { apiVersion: API_GROUP_VERSION, kind: KIND, namespace: pool.namespace, name: pool.name, uid: pool.uid },
      });
    this.#decisions(snapshot, plan, pressureToPatchMs, tell);
    this.#drains(plan, tell);
    this.#endedDrains(snapshot, tell);
    this.#readiness(snapshot, plan, tell);
    this.#rollout(snapshot, plan, tell);
    this.#gauges(snapshot);
  }

  #decisions({ pool }: Snapshot, plan: Plan, pressureToPatchMs: number | undefined, tell: Tell): void {
    const changes = changesOf(plan);
    if (changes.length === 0) return;
    for (const { group, from, to, reason } of changes) {
      const answered = to > from ? { pressureToPatchMs } : {};
      this.#options.logger.info({ pool: poolKey(pool), group, from, to, reason, ...answered }, "scaled");
      this.#options.metrics.scaleChanges.inc({
        namespace: pool.namespace,
        pool: pool.name,
        group,
        direction: to > from ? "up" : "down",
      });
    }
    tell(
      "Normal",
      eventReasons.scaled,
      changes.map(({ group, from, to, reason }) => `${group} ${from} -> ${to}: ${reason}`).join("; "),
    );
  }

  #drains(plan: Plan, tell: Tell): void {
    const steps = [
      ...plan.groups.flatMap((group) => (group.kind === "scale" ? group.step : [])),
      ...plan.retire.map(({ step }) => step),
    ];
    const cordoned = steps.flatMap(({ cordon }) => cordon.map(({ pod }) => pod));
    const uncordoned = steps.flatMap(({ uncordon }) => uncordon.map(({ pod }) => pod));
    const expired = plan.retire.flatMap((retire) => retire.expired.map(({ name }) => name));
    if (cordoned.length > 0)
      tell("Normal", eventReasons.draining, `${listed(cordoned)} get no more launches and go when their sessions have ended`);
    if (uncordoned.length > 0)
      tell("Normal", eventReasons.uncordoned, `${listed(uncordoned)} get launches again: they are wanted after all`);
    if (expired.length > 0) tell("Warning", eventReasons.drainTimeout, drainTimeoutNote(expired));
  }

  #endedDrains(snapshot: Snapshot, tell: Tell): void {
    const key = poolKey(snapshot.pool);
    const { over } = drainEnds(snapshot);
    const before = this.#drainEnds.get(key);
    const news = over.filter(({ uid }) => before?.has(uid) !== true).map(({ name }) => name);
    this.#drainEnds.set(key, new Set(over.map(({ uid }) => uid)));
    if (news.length > 0) tell("Warning", eventReasons.drainTimeout, drainTimeoutNote(news));
  }

  #readiness(snapshot: Snapshot, plan: Plan, tell: Tell): void {
    const ready = this.#changed(snapshot, plan, conditionTypes.ready);
    if (ready === undefined) return;
    const { now, before } = ready;
    if (now.status === "True") tell("Normal", eventReasons.ready, now.message);
    else if (before !== undefined || snapshot.pool.deletedAtMs !== undefined) tell("Warning", eventReasons.notReady, now.message);
  }

  #rollout(snapshot: Snapshot, plan: Plan, tell: Tell): void {
    const blocked = this.#changed(snapshot, plan, conditionTypes.rolloutBlocked);
    if (blocked?.now.status === "True") tell("Warning", eventReasons.rolloutBlocked, blocked.now.message);
    else if (blocked?.before?.startsWith("True")) tell("Normal", eventReasons.rolloutResumed, blocked.now.message);
  }

  /** The condition, where its status or reason is not what it was when last looked at, and what it was. */
  #changed(
    snapshot: Snapshot,
    plan: Plan,
    type: ConditionType,
  ): { readonly now: Finding; readonly before: string | undefined } | undefined {
    const key = `${poolKey(snapshot.pool)} ${type}`;
    const now = findings(snapshot, plan).find((finding) => finding.type === type);
    if (now === undefined) return undefined;
    const before = this.#conditions.get(key) ?? conditionBefore(snapshot, type);
    const short = `${now.status} ${now.reason}`;
    this.#conditions.set(key, short);
    return before === short ? undefined : { now, before };
  }

  /** Removes the gauges of groups that are not among these. */
  #keepGauges(key: string, groups: readonly string[]): void {
    const { namespace, name: pool } = refOf(key);
    for (const group of this.#groups.get(key) ?? [])
      if (!groups.includes(group))
        for (const state of states) this.#options.metrics.groupWorkers.remove({ namespace, pool, group, state });
    this.#groups.set(key, groups);
  }

  #gauges({ pool, groups }: Snapshot): void {
    this.#keepGauges(
      poolKey(pool),
      groups.map(({ config }) => config.name),
    );
    for (const { config, members } of groups) {
      const set = (state: (typeof states)[number], value: number) =>
        this.#options.metrics.groupWorkers.set({ namespace: pool.namespace, pool: pool.name, group: config.name, state }, value);
      set("ready", members.pods.filter(({ ready }) => ready).length);
      set("starting", members.pods.filter(({ ready, unschedulable }) => !ready && unschedulable === undefined).length);
      set("unschedulable", members.pods.filter(({ unschedulable }) => unschedulable !== undefined).length);
      set("draining", members.pods.filter(({ cordonedAtMs }) => cordonedAtMs !== undefined).length + members.terminating.length);
    }
  }
}

type Tell = (type: PoolEvent["type"], reason: EventReason, note: string) => void;

const states = ["ready", "starting", "unschedulable", "draining"] as const;

function drainTimeoutNote(pods: readonly string[]): string {
  return `drain.timeout has passed: ${listed(pods)} go now, and the sessions on them end`;
}

function conditionBefore({ status }: Snapshot, wanted: ConditionType): string | undefined {
  const condition = status?.conditions?.find(({ type }) => type === wanted);
  return condition === undefined ? undefined : `${condition.status} ${condition.reason}`;
}
