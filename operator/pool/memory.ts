import type { Reclaimed } from "../api/load-report.ts";
import type { PoolConfig } from "../api/pool-config.ts";
import type { AvatarPoolStatus, DecisionStatus } from "../api/v1alpha1/index.ts";
import type { HeldBack } from "../resources/held-back.ts";
import type { PodMarks } from "../resources/marks.ts";
import type { TemplateId, WorkerTemplate } from "../resources/worker-template.ts";
import type { NodeShortage } from "../scaling/nodes.ts";
import type { Window } from "../scaling/window.ts";
import { DecisionLog, decisionLimits } from "./decision-log.ts";
import { WATCH_LAG_MS } from "./delays.ts";
import type { LaunchHistory } from "./figures/error-budget.ts";
import { PoolHistory } from "./history/pool-history.ts";
import { noneReclaimed } from "./load/reclaimed.ts";
import type { Plan } from "./plan.ts";
import type { Snapshot } from "./snapshot.ts";
import type { DeploymentView } from "./views.ts";

/**
 * What the operator remembers of a pool between two reconciles. All of it may be lost at any time: a new leader begins with an
 * empty memory, and shrinks later or repeats a write.
 */
export class PoolMemory {
  /** By group: what the size should have been over the last minutes. */
  readonly wanted = new Map<string, Window>();
  /** By group: the shortage of nodes at the last plan. */
  readonly nodeShortages = new Map<string, NodeShortage>();
  /** By group: its template as rendered for this pool. */
  readonly rendered = new Map<string, { readonly pool: PoolConfig; readonly template: WorkerTemplate }>();
  /** By Deployment name: the last apply; absent if its outcome is unknown. */
  readonly applied = new Map<string, AppliedDeployment>();
  /** By Deployment name: why it is foreign, and when that was read. */
  readonly foreign = new Map<string, { readonly why: string; readonly atMs: number }>();
  /** By UID of a pod: how we marked it last, until the watch shows it. */
  readonly marks = new Map<string, { readonly marks: PodMarks; readonly atMs: number }>();
  readonly decisions: DecisionLog;
  /** The last hours, for the console. */
  readonly history: PoolHistory;
  /** As the last snapshot had it. */
  lastBusyMs: Snapshot["lastBusyMs"] = new Map();
  /** As the last plan had it. */
  forecast: Snapshot["forecast"] = new Map();
  /** Launches of the last day, for the error budget. */
  launches: LaunchHistory = [];
  /** The reclaimed slots in the status when this operator first read it. */
  reclaimedBefore: Reclaimed | undefined;
  /** When the finalizer was added, until the watch shows it. */
  finalizedMs: number | undefined;
  /** Kept here too, because the status that contains it may be written later. */
  lastDecision: DecisionStatus | undefined;
  status: { readonly written: AvatarPoolStatus; readonly atMs: number } | undefined;
  /** As of the last reconcile that could report. */
  reported: Reported | undefined;

  /** @param pools number of pools that are remembered now. */
  constructor(pools: () => number = () => 1) {
    this.decisions = new DecisionLog(() => decisionLimits(pools()));
    this.history = new PoolHistory(pools());
  }
}

/** What a reconcile saw, what it did, and the status that follows from both. */
export interface Reported {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  readonly status: AvatarPoolStatus;
}

/** Keeps what the next reconcile needs of this one, whether its writes succeeded or not. */
export function remember(memory: PoolMemory, snapshot: Snapshot, plan: Pick<Plan, "groups">): void {
  const { pool, nowMs, status, groups } = snapshot;
  memory.lastBusyMs = snapshot.lastBusyMs;
  memory.reclaimedBefore ??= reclaimedIn(status);
  for (const { config, rendered } of groups) memory.rendered.set(config.name, { pool, template: rendered });
  for (const [uid, { atMs }] of memory.marks) if (nowMs - atMs > WATCH_LAG_MS) memory.marks.delete(uid);
  for (const group of plan.groups) {
    if (group.kind === "refused") continue;
    memory.wanted.set(group.config.name, group.wanted);
    if (group.shortage === undefined) memory.nodeShortages.delete(group.config.name);
    else memory.nodeShortages.set(group.config.name, group.shortage);
  }
}

/** The reclaimed slots in a status, also in one that a former version wrote. */
export function reclaimedIn(status: AvatarPoolStatus | undefined): Reclaimed {
  return status?.reclaimed ?? status?.wonBack ?? noneReclaimed;
}

export interface AppliedDeployment {
  /** As our write left it: another writer made a higher generation. */
  readonly view: DeploymentView;
  /** Of the applied manifest; empty if it is to be applied again. */
  readonly hash: string;
  /** What its manifest was made from. */
  readonly wish?: DeploymentWish;
  readonly atMs: number;
}

/** All that a group's manifest is made from. The pool is the same object until the watch shows another spec. */
export interface DeploymentWish {
  readonly pool: PoolConfig;
  readonly template: TemplateId;
  readonly replicas: number;
  readonly heldBack: HeldBack | undefined;
}

export class Memories {
  readonly #pools = new Map<string, PoolMemory>();

  of(key: string): PoolMemory {
    const memory = this.#pools.get(key) ?? new PoolMemory(() => this.#pools.size);
    this.#pools.set(key, memory);
    return memory;
  }

  /** Undefined for a pool that has not been reconciled yet. */
  find(key: string): PoolMemory | undefined {
    return this.#pools.get(key);
  }

  forget(key: string): void {
    this.#pools.delete(key);
  }
}
