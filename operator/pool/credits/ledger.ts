import { isDeepStrictEqual } from "node:util";
import { type CreditsConfig, MILLI } from "../../api/credits-config.ts";
import { type ChargeMode, chargeModes, type Usage, type Used } from "../../api/load-report.ts";

/** Gateways that have ended are remembered, newest last, up to this number. */
const MAX_SOURCES = 200;

/** The credits of one pool, in thousandths. Immutable. */
export interface Ledger {
  /** Since the pool has had `credits`. */
  readonly total: Readonly<Record<ChargeMode, number>>;
  /** The budget period of {@link spent}. */
  readonly period: string;
  readonly spent: number;
  /** By gateway process: the usage that is included. */
  readonly sources: Readonly<Record<string, Usage>>;
}

export const emptyLedger: Ledger = { total: { "self-hosted": 0, cloud: 0 }, period: "", spent: 0, sources: {} };

/** The calendar period in UTC that contains a time: `2026-11` or `2026-11-27`. */
export function periodOf(nowMs: number, period: "day" | "month"): string {
  return new Date(nowMs).toISOString().slice(0, period === "day" ? 10 : 7);
}

/**
 * Adds what each source has counted since the ledger included it. A source counts from zero since its process started, so the
 * result depends only on the ledger and the latest usage, however many reports were lost.
 * @returns the same ledger if nothing was added.
 */
export function addUsage(
  ledger: Ledger,
  usage: ReadonlyMap<string, Usage>,
  config: CreditsConfig,
  nowMs: number,
): { readonly ledger: Ledger; readonly added: Readonly<Record<ChargeMode, number>> } {
  const news = [...usage].filter(([source, now]) => !isDeepStrictEqual(now, ledger.sources[source]));
  const added = { "self-hosted": 0, cloud: 0 };
  for (const [source, now] of news)
    for (const mode of chargeModes) added[mode] += priceOf(config, mode, now[mode] ?? {}, ledger.sources[source]?.[mode] ?? {});
  const sum = chargeModes.reduce((total, mode) => total + added[mode], 0);
  if (news.length === 0) return { ledger, added };
  const period = periodOf(nowMs, config.budget?.period ?? "month");
  const total = { "self-hosted": ledger.total["self-hosted"] + added["self-hosted"], cloud: ledger.total.cloud + added.cloud };
  const spent = spentIn(ledger, period) + sum;
  return { ledger: { total, period, spent, sources: withNews(ledger.sources, news) }, added };
}

/** Thousandths of a credit that the ledger contains for a period. */
export function spentIn(ledger: Ledger, period: string): number {
  return ledger.period === period ? ledger.spent : 0;
}

/** Whether the pool has used more credits in the current period than its budget allows. */
export function isExceeded({ budget }: CreditsConfig, ledger: Ledger, nowMs: number): boolean {
  return budget !== undefined && spentIn(ledger, periodOf(nowMs, budget.period)) > budget.credits * MILLI;
}

/** The price of the usage of one mode since `before`, in thousandths of a credit. An unknown engine costs nothing. */
function priceOf(
  { per, rates }: CreditsConfig,
  mode: ChargeMode,
  now: Readonly<Record<string, Used>>,
  before: Readonly<Record<string, Used>>,
): number {
  const unit = mode === "self-hosted" && per === "authentication" ? "sessions" : "minutes";
  return Object.entries(now).reduce((sum, [engine, used]) => {
    const old = before[engine]?.[unit] ?? 0;
    // A lower count is a new one: the gateway has forgotten a deleted pool of this name.
    const units = used[unit] >= old ? used[unit] - old : used[unit];
    return sum + units * (rates[mode].get(engine) ?? 0);
  }, 0);
}

function withNews(sources: Ledger["sources"], news: readonly (readonly [string, Usage])[]): Ledger["sources"] {
  const names = new Set(news.map(([source]) => source));
  const kept = Object.entries(sources).filter(([source]) => !names.has(source));
  return Object.fromEntries([...kept, ...news].slice(-MAX_SOURCES));
}
