import { poolKey } from "../api/pool-config.ts";
import type { Plan } from "../pool/plan.ts";
import type { DecisionInputs } from "../pool/planning/decision.ts";
import type { Snapshot } from "../pool/snapshot.ts";

/** What `avatarpool plan` found. */
export interface Planned {
  readonly pool: string;
  readonly groups: readonly {
    readonly group: string;
    readonly from: number;
    readonly to: number;
    /** The size that demand asks for, to which the group goes down in time; absent where its size is not a matter of demand. */
    readonly wanted?: number;
    readonly reason: string;
    readonly inputs?: DecisionInputs;
  }[];
  /** What could not be known, and what it does to the plan. */
  readonly notKnown: readonly string[];
}

/** @param whyNoLoad why sessions are not known, where they are not. */
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
      reason: `not in the pool any more: ${remove ? "its Deployment is deleted" : "its workers go as their sessions end"}`,
    }));
  return { pool: poolKey(pool), groups: [...decided, ...refused, ...retired], notKnown: notKnown(snapshot, whyNoLoad) };
}

function notKnown({ pool, credentials }: Snapshot, whyNoLoad: string | undefined): readonly string[] {
  const auto = pool.warm.slots.kind === "auto";
  return [
    ...(whyNoLoad === undefined ? [] : [`sessions and waiting launches count as none, and no worker would go: ${whyNoLoad}`]),
    ...(auto && whyNoLoad !== undefined ? ["what was learned of demand: warm.slots auto counts as one warm slot"] : []),
    ...(credentials.kind === "unknown" ? [`whether the API secret is there: ${credentials.why}`] : []),
    "how long less was wanted: a group that is too large is taken to have become so just now",
    "how long nodes were short: Pending workers are taken to be waited for",
  ];
}

export function planLines({ pool, groups, notKnown }: Planned): readonly string[] {
  return [
    `AvatarPool ${pool}: what would be done now. Nothing was written.`,
    "",
    ...groups.flatMap(({ group, from, to, wanted, reason }) => [
      `  ${group} ${from === to ? `stays at ${to}` : `${from} -> ${to}`}`,
      `    ${reason}`,
      ...(wanted !== undefined && wanted < to ? [`    later ${wanted}, once no more were wanted for scaling.scaleDownAfter`] : []),
    ]),
    "",
    "Not known here:",
    ...notKnown.map((each) => `  - ${each}`),
  ];
}
