import { chargedEngines } from "../engines/index.ts";
import { conditionTypes } from "./conditions.ts";
import type { ChargeMode } from "./load-report.ts";
import type { AvatarPool, PoolHead } from "./v1alpha1/index.ts";

/** Credits are counted in whole thousandths, so that sums are exact. */
export const MILLI = 1_000;

/** How the credits of a pool are counted. */
export interface CreditsConfig {
  /** Unit of a session on the pool's own workers. In the cloud, the unit is a minute. */
  readonly per: "minute" | "authentication";
  /** Thousandths of a credit per unit, by engine. */
  readonly rates: Readonly<Record<ChargeMode, ReadonlyMap<string, number>>>;
  readonly budget?: BudgetConfig;
}

export interface BudgetConfig {
  readonly credits: number;
  readonly period: "day" | "month";
  readonly stopOverflow: boolean;
  /** Whether the operator has reported that the budget is exceeded. */
  readonly exceeded: boolean;
}

/** The default per authentication. The maker's guide states no number. */
const PER_AUTHENTICATION = 1;

export function creditsConfig({ spec: { credits }, status }: AvatarPool): CreditsConfig | undefined {
  if (credits === undefined) return undefined;
  const { per, budget } = credits;
  const byEngine = (mode: "selfHosted" | "cloud", flat?: number) =>
    new Map(
      chargedEngines.map(({ name, creditsPerMinute }) => {
        const rate = credits[mode][name] ?? flat ?? creditsPerMinute[mode];
        return [name, Math.round(rate * MILLI)] as const;
      }),
    );
  return {
    per,
    rates: {
      "self-hosted": byEngine("selfHosted", per === "authentication" ? PER_AUTHENTICATION : undefined),
      cloud: byEngine("cloud"),
    },
    ...(budget === undefined ? {} : { budget: { ...budget, exceeded: isExceeded(status) } }),
  };
}

/** Whether the operator has reported that the budget is exceeded. */
export function isExceeded(status: PoolHead["status"]): boolean {
  const found = status?.conditions?.find(({ type }) => type === conditionTypes.creditsWithinBudget);
  return found?.status === "False";
}
