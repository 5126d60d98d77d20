import type { Reclaimed } from "../../api/load-report.ts";

export const noneReclaimed: Reclaimed = { sessions: 0, slotSeconds: 0 };

/** Adds the slots that one gateway reclaimed since `before`. */
export function addReclaimed(total: Reclaimed, now: Reclaimed = noneReclaimed, before: Reclaimed = noneReclaimed): Reclaimed {
  return {
    sessions: total.sessions + Math.max(0, now.sessions - before.sessions),
    slotSeconds: total.slotSeconds + Math.max(0, now.slotSeconds - before.slotSeconds),
  };
}
