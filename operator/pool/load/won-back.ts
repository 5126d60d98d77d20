import type { WonBack } from "../../api/load-report.ts";

export const noneWonBack: WonBack = { sessions: 0, slotSeconds: 0 };

/** Adds what one gateway counted since `before`. */
export function addWonBack(total: WonBack, now: WonBack = noneWonBack, before: WonBack = noneWonBack): WonBack {
  return {
    sessions: total.sessions + Math.max(0, now.sessions - before.sessions),
    slotSeconds: total.slotSeconds + Math.max(0, now.slotSeconds - before.slotSeconds),
  };
}
