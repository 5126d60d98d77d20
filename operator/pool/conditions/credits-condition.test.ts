import { describe, expect, it } from "vitest";
import { gpuOnly, NOW_MS, pod, pool, snapshot } from "../../../test/support/pools.ts";
import type { AvatarPoolSpecInput } from "../../api/v1alpha1/index.ts";
import { emptyLedger } from "../credits/ledger.ts";
import { plan } from "../plan.ts";
import { PoolEvents } from "../report/pool-events.ts";
import { statusOf } from "../report/status.ts";
import { conditionsOf } from "./conditions.ts";

/** A pool that has used 12.5 credits this month (January 2026), and what the operator has reported so far. */
function setup(
  budget?: NonNullable<AvatarPoolSpecInput["credits"]>["budget"],
  { nowMs = NOW_MS, reported = "", readable = true } = {},
) {
  const condition = { type: "CreditsWithinBudget", status: reported, reason: "BudgetExceeded", message: "" };
  const status = { conditions: [{ ...condition, lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 }] };
  const spec = { ...gpuOnly, overflow: { maxSessions: 2 }, credits: { budget } };
  const view = pool(spec, {}, reported === "" ? undefined : status);
  const ledger = { ...emptyLedger, total: { "self-hosted": 100_500, cloud: 8_000 }, period: "2026-01", spent: 12_500 };
  const seen = { ...snapshot(view, { pods: [pod("a")], nowMs }), credits: readable ? { ledger, lastHour: 2_250 } : undefined };
  const planned = plan(seen);
  const found = conditionsOf(seen, planned);
  const of = (type: string) => {
    const finding = found.find((each) => each.type === type);
    return finding && [finding.status, finding.reason, finding.message];
  };
  const events = () => new PoolEvents().take(seen, planned, found).filter(({ reason }) => reason.startsWith("Budget"));
  return { of, events, status: statusOf(seen, planned, found).credits };
}

describe("CreditsWithinBudget", () => {
  it("is absent for a pool without budget, whose status still has the credits", () => {
    const { of, status } = setup();
    expect(of("CreditsWithinBudget")).toBeUndefined();
    expect(status).toEqual({ selfHosted: 100.5, cloud: 8, lastHour: 2.25 });
  });

  it("holds up to the budget", () => {
    const { of, events, status } = setup({ credits: 13 });
    expect(of("CreditsWithinBudget")).toEqual(["True", "WithinBudget", "12.5 of 13 credits are used in 2026-01 (UTC)"]);
    expect([status?.budgetUsed, events()]).toEqual([12.5, []]);
  });

  it("states above the budget what continues and what to do, in an event too", () => {
    const { of, events } = setup({ credits: 12 });
    const message =
      "12.5 of 12 credits are used in 2026-01 (UTC): sessions on the pool's own workers continue; raise credits.budget.credits, or lower limits.maxSessions or overflow.maxSessions";
    expect(of("CreditsWithinBudget")).toEqual(["False", "BudgetExceeded", message]);
    expect(events()).toEqual([{ type: "Warning", reason: "BudgetExceeded", note: message }]);
    expect(of("OverflowReady")?.slice(0, 2)).toEqual(["True", "Available"]);
  });

  it("states that overflow is stopped if the budget demands it", () => {
    const { of, events } = setup({ credits: 12, stopOverflow: true }, { reported: "False" });
    expect(of("CreditsWithinBudget")?.[2]).toContain("continue, and launches do not overflow to the maker's cloud; raise");
    expect(of("OverflowReady")?.slice(0, 2)).toEqual(["False", "BudgetExceeded"]);
    expect(events()).toEqual([]);
  });

  it("is unknown if the operator may not read the credits", () => {
    const { of, status } = setup({ credits: 12 }, { readable: false });
    const message = "the operator may not read ConfigMap avatars/support-credits: check its permissions";
    expect(of("CreditsWithinBudget")).toEqual(["Unknown", "CreditsUnreadable", message]);
    expect(status).toBeUndefined();
  });

  it("holds again in the next period, with an event", () => {
    const nextMonth = Date.UTC(2026, 1, 1);
    const { of, events, status } = setup({ credits: 12 }, { nowMs: nextMonth, reported: "False" });
    expect(of("CreditsWithinBudget")).toEqual(["True", "WithinBudget", "0 of 12 credits are used in 2026-02 (UTC)"]);
    expect([events().map(({ reason }) => reason), status?.budgetUsed]).toEqual([["BudgetRenewed"], 0]);
  });
});
