import { type ConditionType, conditionReasons, conditionTypes } from "../../api/conditions.ts";
import { type EventReason, eventReasons } from "../../telemetry/events.ts";
import type { PoolCondition } from "../conditions/condition.ts";
import { refusalMessage } from "../conditions/refusal-conditions.ts";
import { earliest, remaining } from "../delays.ts";
import { changesOf, type Plan } from "../plan.ts";
import { drainEnds } from "../planning/drain-end.ts";
import { idOf } from "../refusals/refusal.ts";
import type { Snapshot } from "../snapshot.ts";
import { listed } from "../wording.ts";
import { addChanges, type ChangeDigest, digestNote, noChanges } from "./change-digest.ts";

/** Minimum time between two events of a pool on the same topic. */
export const EVENT_INTERVAL_MS = 10_000;

/** An event without its pool. */
export interface EventContent {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly note: string;
}

/** Limit on events of rejected writes in one interval. Further ones follow in the next interval. */
const REFUSALS_AT_ONCE = 3;

type Topic = "refusals" | "changes" | "drains" | "drainEnds" | "ready" | "rollout" | "budget";

/**
 * The events of one pool. The first change of a topic is an event at once. Further changes within ten seconds are summarised in
 * the next event. If they cancel out, there is no event.
 */
export class PoolEvents {
  readonly #reportedMs = new Map<Topic, number>();
  #changes: ChangeDigest = noChanges;
  /** Names of workers whose sessions ended, not reported yet. */
  #ended: readonly string[] = [];
  /** UIDs of workers whose sessions ended. */
  #expired: ReadonlySet<string> = new Set();
  /** UIDs of the workers that were reported as draining; undefined before the first reconcile. */
  #draining: ReadonlySet<string> | undefined;
  /** The reported reason of each rejected request. */
  readonly #refused = new Map<string, string>();
  /** The last reported state of each condition, or its state without a report. */
  readonly #conditions = new Map<ConditionType, string>();

  add(snapshot: Snapshot, plan: Plan): void {
    this.#changes = addChanges(this.#changes, changesOf(plan));
    const over = [...drainEnds(snapshot).over, ...plan.retire.flatMap(({ expired }) => expired)];
    this.#ended = [...this.#ended, ...over.filter(({ uid }) => !this.#expired.has(uid)).map(({ name }) => name)];
    this.#expired = new Set(over.map(({ uid }) => uid));
  }

  take(snapshot: Snapshot, plan: Plan, found: readonly PoolCondition[]): readonly EventContent[] {
    const { nowMs } = snapshot;
    return [
      ...this.#unlessJustReported("changes", nowMs, () => this.#takeChanges()),
      ...this.#unlessJustReported("drains", nowMs, () => this.#takeDrains(snapshot, plan)),
      ...this.#unlessJustReported("drainEnds", nowMs, () => this.#takeEnded()),
      ...this.#unlessJustReported("refusals", nowMs, () => this.#takeRefusals(snapshot)),
      ...this.#unlessJustReported("ready", nowMs, () => this.#takeReady(snapshot, found)),
      ...this.#unlessJustReported("rollout", nowMs, () => this.#takeRollout(snapshot, found)),
      ...this.#unlessJustReported("budget", nowMs, () => this.#takeBudget(snapshot, found)),
    ];
  }

  /** The pool is gone: returns the delayed events. */
  rest(): readonly EventContent[] {
    return [...this.#takeChanges(), ...this.#takeEnded()];
  }

  /** Delay in ms until a recently reported topic may be reported again; undefined if there is none. */
  dueInMs(nowMs: number): number | undefined {
    return earliest([...this.#reportedMs.values()].map((reportedMs) => remaining(reportedMs + EVENT_INTERVAL_MS, nowMs)));
  }

  #unlessJustReported(topic: Topic, nowMs: number, take: () => readonly EventContent[]): readonly EventContent[] {
    const reportedMs = this.#reportedMs.get(topic);
    if (reportedMs !== undefined && nowMs - reportedMs < EVENT_INTERVAL_MS) return [];
    const events = take();
    if (events.length > 0) this.#reportedMs.set(topic, nowMs);
    else this.#reportedMs.delete(topic);
    return events;
  }

  #takeChanges(): readonly EventContent[] {
    const note = digestNote(this.#changes);
    this.#changes = noChanges;
    return note === "" ? [] : [{ type: "Normal", reason: eventReasons.scaled, note }];
  }

  #takeEnded(): readonly EventContent[] {
    const names = this.#ended;
    this.#ended = [];
    if (names.length === 0) return [];
    const note = `drain.timeout has expired: removing ${listed(names)} and ending their sessions`;
    return [{ type: "Warning", reason: eventReasons.drainTimeout, note }];
  }

  #takeDrains({ groups, retired }: Snapshot, plan: Plan): readonly EventContent[] {
    const pods = [...groups, ...retired].flatMap(({ members }) => members.pods);
    const steps = [
      ...plan.groups.flatMap((group) => (group.kind === "scale" ? group.step : [])),
      ...plan.retire.map(({ step }) => step),
    ];
    const before = pods.filter(({ cordonedAtMs }) => cordonedAtMs !== undefined).map(({ uid }) => uid);
    const draining = new Set([...before, ...steps.flatMap(({ cordon }) => cordon.map(({ uid }) => uid))]);
    const byPlan = new Set(steps.flatMap(({ uncordon }) => uncordon.map(({ uid }) => uid)));
    for (const uid of byPlan) draining.delete(uid);

    const reported = this.#draining ?? new Set(before);
    this.#draining = draining;
    const cordoned = pods.filter(({ uid }) => draining.has(uid) && !reported.has(uid)).map(({ name }) => name);
    const uncordoned = pods.filter(({ uid }) => reported.has(uid) && !draining.has(uid));
    const events: EventContent[] = [];
    if (cordoned.length > 0) {
      const note = `cordoned ${listed(cordoned)}: no new launches, and removal once their sessions have ended`;
      events.push({ type: "Normal", reason: eventReasons.draining, note });
    }
    if (uncordoned.length > 0) {
      // Otherwise the user has removed the annotation.
      const why = uncordoned.some(({ uid }) => byPlan.has(uid)) ? "demand has returned" : "the request to drain was withdrawn";
      const note = `uncordoned ${listed(uncordoned.map(({ name }) => name))}: ${why}`;
      events.push({ type: "Normal", reason: eventReasons.uncordoned, note });
    }
    return events;
  }

  /** Each refused request and each name conflict once, as long as its reason stays the same. */
  #takeRefusals(snapshot: Snapshot): readonly EventContent[] {
    const refused = refusedIn(snapshot);
    const ids = new Set(refused.map(({ id }) => id));
    for (const id of this.#refused.keys()) if (!ids.has(id)) this.#refused.delete(id);
    const reported = snapshot.status?.conditions?.find(({ type }) => type === conditionTypes.ready)?.message ?? "";
    const fresh = refused.filter(({ id, said }) => this.#refused.get(id) !== said).slice(0, REFUSALS_AT_ONCE);
    return fresh.flatMap(({ id, said, reason, note }) => {
      const first = !this.#refused.has(id);
      this.#refused.set(id, said);
      // The previous leader has recorded it.
      return first && reported.startsWith(note) ? [] : [{ type: "Warning" as const, reason, note }];
    });
  }

  #takeReady(snapshot: Snapshot, found: readonly PoolCondition[]): readonly EventContent[] {
    const changed = this.#changed(conditionTypes.ready, snapshot, found);
    if (changed === undefined) return [];
    const { status, message, reason } = changed.now;
    if (status === "True") return [{ type: "Normal", reason: eventReasons.ready, note: message }];
    // These have events of their own.
    if (reason === conditionReasons.writeRefused || reason === conditionReasons.nameTaken) return [];
    if (changed.before === undefined && snapshot.pool.deletedAtMs === undefined) return [];
    return [{ type: "Warning", reason: eventReasons.notReady, note: message }];
  }

  #takeRollout(snapshot: Snapshot, found: readonly PoolCondition[]): readonly EventContent[] {
    const changed = this.#changed(conditionTypes.rolloutBlocked, snapshot, found);
    if (changed === undefined) return [];
    const { status, message } = changed.now;
    if (status === "True") return [{ type: "Warning", reason: eventReasons.rolloutBlocked, note: message }];
    if (changed.before?.startsWith("True") !== true) return [];
    return [{ type: "Normal", reason: eventReasons.rolloutResumed, note: message }];
  }

  #takeBudget(snapshot: Snapshot, found: readonly PoolCondition[]): readonly EventContent[] {
    const changed = this.#changed(conditionTypes.creditsWithinBudget, snapshot, found);
    if (changed === undefined) return [];
    const { status, message } = changed.now;
    if (status === "False") return [{ type: "Warning", reason: eventReasons.budgetExceeded, note: message }];
    if (changed.before?.startsWith("False") !== true) return [];
    return [{ type: "Normal", reason: eventReasons.budgetRenewed, note: message }];
  }

  /** The condition and its last reported state, if its status or reason has changed since. */
  #changed(type: ConditionType, { status }: Snapshot, found: readonly PoolCondition[]) {
    const now = found.find((finding) => finding.type === type);
    if (now === undefined) return undefined;
    const written = status?.conditions?.find((condition) => condition.type === type);
    const before = this.#conditions.get(type) ?? (written && `${written.status} ${written.reason}`);
    const short = `${now.status} ${now.reason}`;
    this.#conditions.set(type, short);
    return before === short ? undefined : { now, before };
  }
}

/** What the operator cannot write: requests that the API server refuses, and names that foreign objects have. */
function refusedIn({ refusals, groups, pool }: Snapshot) {
  return [
    ...refusals.map((refusal) => ({
      id: idOf(refusal),
      said: refusal.said,
      reason: refusal.status === 0 ? eventReasons.nameTaken : eventReasons.writeRefused,
      note: refusalMessage(refusal, pool),
    })),
    ...groups.flatMap(({ config: { deploymentName }, deployment }) =>
      deployment.kind === "foreign"
        ? { id: `name ${deploymentName}`, said: deployment.why, reason: eventReasons.nameTaken, note: deployment.why }
        : [],
    ),
  ];
}
