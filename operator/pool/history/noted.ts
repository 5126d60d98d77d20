import type { AvatarPoolStatus } from "../../api/v1alpha1/index.ts";
import { launchTotals } from "../figures/error-budget.ts";
import type { Tally } from "../load/load-hub.ts";
import { type Plan, warmWantedIn } from "../plan.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Noted } from "./pool-history.ts";

/** What a reconcile notes in the history. */
export function notedOf({ load }: Snapshot, plan: Plan, status: AvatarPoolStatus, { shortages, startupsMs }: Tally): Noted {
  const { sessions = 0, slots = 0, warmSlots = 0, queued = 0, groups = [] } = status;
  const replicas = groups.reduce((sum, { desired }) => sum + desired, 0);
  return {
    levels: { sessions, slots, warmSlots, warmWanted: warmWantedIn(plan), replicas, queued },
    totals: { launches: launchTotals(load).arrived, ...shortages },
    startupsMs,
  };
}
