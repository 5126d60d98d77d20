import { z } from "zod";
import { chargedEngines, type EngineName, type LaunchApi } from "../../engines/index.ts";
import { count } from "./fields.ts";

const rate = (engine: EngineName) =>
  z.number().min(0).max(1_000).describe(`Credits for engine ${engine}, to three decimals.`).optional();

/** A rate for each engine. */
function rates(description: string) {
  const byEngine = Object.fromEntries(chargedEngines.map(({ name }) => [name, rate(name)]));
  return z
    .object(byEngine as Record<EngineName, ReturnType<typeof rate>>)
    .describe(description)
    .prefault({});
}

/** "2 for expression, 1 for essence" */
function documented(mode: keyof LaunchApi["creditsPerMinute"]): string {
  return chargedEngines.map(({ name, creditsPerMinute }) => `${creditsPerMinute[mode]} for ${name}`).join(", ");
}

const budgetSchema = z
  .object({
    credits: count("Number of credits that the pool may use in one period.", 1, 1_000_000_000),
    period: z.enum(["day", "month"]).default("month").describe("Calendar period of the budget, in UTC."),
    stopOverflow: z
      .boolean()
      .default(false)
      .describe(
        "Whether launches stop to overflow to the maker's cloud while the budget is exceeded. Launches on the pool's own workers continue in any case.",
      ),
  })
  .describe("Budget of credits. If it is exceeded, the condition `CreditsWithinBudget` and an event report it.");

export const creditsSchema = z
  .object({
    per: z
      .enum(["minute", "authentication"])
      .default("minute")
      .describe(
        "What the maker charges for a session on the pool's own workers: each started minute, or the authentication of the session. The maker's documents state both. A session in the maker's cloud is charged for each started minute.",
      ),
    selfHosted: rates(
      `Credits per minute, or per authentication, of a session on the pool's own workers, by engine. Default per minute: ${documented("selfHosted")}. Default per authentication: 1.`,
    ),
    cloud: rates(
      `Credits per minute of a session in the maker's cloud, by the engine that serves its preset in the pool. Default: ${documented("cloud")}.`,
    ),
    budget: budgetSchema.optional(),
  })
  .describe(
    "Counts the credits that the pool's sessions cost at the maker, by these rates. Idle workers cost none. Not counted if absent.",
  );
