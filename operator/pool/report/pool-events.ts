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

/** At least this long lies between two events of a pool that tell of the same. */
export const EVENT_INTERVAL_MS = 10_000;

/** What an event says; of which pool is known elsewhere. */
export interface EventContent {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly note: string;
}

/** Events of refused writes that are recorded at once. Further ones follow in the next interval. */
const REFUSALS_AT_ONCE = 3;

type Topic = "refusals" | "changes" | "drains" | "drainEnds" | "ready" | "rollout";

/**
 * What of one pool was told, and what is to be told next. The first news of a topic go out at once; what follows within ten
 * seconds is summed up in the next event. What goes back and forth meanwhile and ends where it was told to be makes none.
 */
export class PoolEvents {
  readonly #toldMs = new Map<Topic, number>();
  #changes: ChangeDigest = noChanges;
  /** Names of workers whose sessions ended, not told of yet. */
  #ended: readonly string[] = [];
  /** UIDs of workers whose sessions ended. */
  #expired: ReadonlySet<string> = new Set();
  /** UIDs of the workers that were said to be draining; undefined before the first look. */
  #draining: ReadonlySet<string> | undefined;
  /** By request: the sentence with which it was refused, as it was told. */
  readonly #refused = new Map<string, string>();
  /** How each condition was when last told of, or when there was nothing to tell. */
  readonly #conditions = new Map<ConditionType, string>();

  /** Takes over what a reconcile saw and did. */
  add(snapshot: Snapshot, plan: Plan): void {
    this.#changes = addChanges(this.#changes, changesOf(plan));
    const over = [...drainEnds(snapshot).over, ...plan.retire.flatMap(({ expired }) => expired)];
    this.#ended = [...this.#ended, ...over.filter(({ uid }) => !this.#expired.has(uid)).map(({ name }) => name)];
    this.#expired = new Set(over.map(({ uid }) => uid));
  }

  /** What is to be told now. */
  take(snapshot: Snapshot, plan: Plan, found: readonly PoolCondition[]): readonly EventContent[] {
    const { nowMs } = snapshot;
    return [
      ...this.#unlessJustTold("changes", nowMs, () => this.#takeChanges()),
      ...this.#unlessJustTold("drains", nowMs, () => this.#takeDrains(snapshot, plan)),
      ...this.#unlessJustTold("drainEnds", nowMs, () => this.#takeEnded()),
      ...this.#unlessJustTold("refusals", nowMs, () => this.#takeRefusals(snapshot)),
      ...this.#unlessJustTold("ready", nowMs, () => this.#takeReady(snapshot, found)),
      ...this.#unlessJustTold("rollout", nowMs, () => this.#takeRollout(snapshot, found)),
    ];
  }

  /** The pool is gone: what was kept back is told now. */
  rest(): readonly EventContent[] {
    return [...this.#takeChanges(), ...this.#takeEnded()];
  }

  /** In how many milliseconds a topic that was told of lately may be told of again; undefined where none was. */
  dueInMs(nowMs: number): number | undefined {
    return earliest([...this.#toldMs.values()].map((toldMs) => remaining(toldMs + EVENT_INTERVAL_MS, nowMs)));
  }

  #unlessJustTold(topic: Topic, nowMs: number, take: () => readonly EventContent[]): readonly EventContent[] {
    const toldMs = this.#toldMs.get(topic);
    if (toldMs !== undefined && nowMs - toldMs < EVENT_INTERVAL_MS) return [];
    const news = take();
    if (news.length > 0) this.#toldMs.set(topic, nowMs);
    else this.#toldMs.delete(topic);
    return news;
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
    for (const { uid } of steps.flatMap(({ uncordon }) => uncordon)) draining.delete(uid);

    const told = this.#draining ?? new Set(before);
    this.#draining = draining;
    const cordoned = pods.filter(({ uid }) => draining.has(uid) && !told.has(uid)).map(({ name }) => name);
    const uncordoned = pods.filter(({ uid }) => told.has(uid) && !draining.has(uid)).map(({ name }) => name);
    const news: EventContent[] = [];
    if (cordoned.length > 0) {
      const note = `cordoned ${listed(cordoned)}: no new launches, and removal once their sessions have ended`;
      news.push({ type: "Normal", reason: eventReasons.draining, note });
    }
    if (uncordoned.length > 0) {
      const note = `uncordoned ${listed(uncordoned)}: demand has returned`;
      news.push({ type: "Normal", reason: eventReasons.uncordoned, note });
    }
    return news;
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

  /** The condition, where its status or reason is not what it was when last told of, and what it was. */
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
