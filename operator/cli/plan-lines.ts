import { poolKey } from "../api/pool-config.ts";
import type { Plan } from "../pool/plan.ts";
import type { DecisionInputs } from "../pool/planning/decision.ts";
import type { Snapshot } from "../pool/snapshot.ts";

/** The result of `avatarpool plan`. */
export interface Planned {
  readonly pool: string;
  readonly groups: readonly {
    readonly group: string;
    readonly from: number;
    readonly to: number;
    /** The size that demand requires, to which the group shrinks later. Absent if demand does not decide the size. */
    readonly wanted?: number;
    readonly reason: string;
    readonly inputs?: DecisionInputs;
  }[];
  /** Missing inputs and their effect on the plan. */
  readonly notKnown: readonly string[];
}

/** @param whyNoLoad why the number of sessions is unknown, if so. */
export function planned(snapshot: Snapshot, plan: Plan, whyNoLoad: string | undefined): Planned {
  const { pool } = snapshot;
  const wanted = new Map(plan.sizing.groups.map(({ supply, workers }) => [supply.name, workers]));
  const decided = plan.records.map(({ group, from, to, reason, inputs }) => {
    const size = wanted.get(group);
    return { group, from, to, ...(size !== undefined && { wanted: size }), reason, ...(inputs && { inputs }) };
  });
  const refused = snapshot.groups.flatMap(({ config, deployment }) =>
    deployment.kind === "foreign" ? [{ group: config.name, from: 0, to: 0, reason: deployment.why }] : [],
  );
  const deleted = new Set(decided.map(({ group }) => group));
  const retired = plan.retire
    .filter(({ deployment }) => !deleted.has(deployment.group))
    .map(({ deployment, replicas, remove }) => ({
      group: deployment.group,
      from: deployment.replicas,
      to: replicas,
      reason: `removed from the pool: ${remove ? "its Deployment is deleted" : "its workers are removed as their sessions end"}`,
    }));
  return { pool: poolKey(pool), groups: [...decided, ...refused, ...retired], notKnown: notKnown(snapshot, whyNoLoad) };
}

function notKnown({ pool, credentials }: Snapshot, whyNoLoad: string | undefined): readonly string[] {
  const auto = pool.warm.slots.kind === "auto";
  return [
    ...(whyNoLoad === undefined
      ? []
      : [`sessions and waiting launches, counted as none, so that no worker is removed: ${whyNoLoad}`]),
    ...(auto && whyNoLoad !== undefined ? ["the demand forecast: warm.slots auto counts as one warm slot"] : []),
    ...(credentials.kind === "unknown" ? [`whether the API secret exists: ${credentials.why}`] : []),
    "how long demand has been lower: a group that is too large is treated as too large since now",
    "how long nodes have been short: the plan waits for Pending workers",
  ];
}

export function planLines({ pool, groups, notKnown }: Planned): readonly string[] {
  return [
    `AvatarPool ${pool}: what the operator would do now. Nothing was written.`,
    "",
    ...groups.flatMap(({ group, from, to, wanted, reason }) => [
      `  ${group} ${from === to ? `stays at ${to}` : `${from} -> ${to}`}`,
      `    ${reason}`,
      ...(wanted !== undefined && wanted < to ? [`    later ${wanted}, if demand stays lower for scaling.scaleDownAfter`] : []),
    ]),
    "",
    "Unknown to this plan:",
    ...notKnown.map((each) => `  - ${each}`),
  ];
}
