import type { FleetRow } from "../../operator/api/console.ts";

export type Tone = "accent" | "ok" | "warn" | "bad" | "quiet";

/** How start-up times meet their objective. */
export function startupTone({ startupP95Ms, objectiveMs }: Pick<FleetRow, "startupP95Ms" | "objectiveMs">): Tone {
  if (startupP95Ms === undefined) return "quiet";
  return startupP95Ms <= objectiveMs ? "ok" : startupP95Ms <= 1.5 * objectiveMs ? "warn" : "bad";
}

/** How warm slots meet the wanted ones. */
export function warmTone({ warmSlots, warmWanted }: Pick<FleetRow, "warmSlots" | "warmWanted">): Tone {
  if (warmWanted === undefined) return "quiet";
  return warmSlots >= warmWanted ? "ok" : warmSlots > 0 ? "warn" : "bad";
}

/** How much of the error budget remains. */
export function budgetTone(errorBudget: number | undefined): Tone {
  if (errorBudget === undefined) return "quiet";
  return errorBudget > 0.25 ? "ok" : errorBudget > 0 ? "warn" : "bad";
}
