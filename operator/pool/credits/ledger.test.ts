import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pool } from "../../../test/support/pools.ts";
import type { Usage, Used } from "../../api/load-report.ts";
import type { AvatarPoolSpecInput } from "../../api/v1alpha1/index.ts";
import { addUsage, emptyLedger, type Ledger, spentIn } from "./ledger.ts";

const NOW_MS = Date.UTC(2026, 10, 27, 23, 59);

function configOf(credits: AvatarPoolSpecInput["credits"] = {}) {
  const config = pool({ credits }).config.credits;
  if (config === undefined) throw new Error("the pool counts no credits");
  return config;
}

const usage = (selfHosted: Record<string, Used>, cloud: Record<string, Used> = {}): Usage => ({ "self-hosted": selfHosted, cloud });
const priced = (credits: AvatarPoolSpecInput["credits"], used: Usage) =>
  addUsage(emptyLedger, new Map([["gateway", used]]), configOf(credits), NOW_MS).ledger.total;

describe("the price of usage", () => {
  const used = usage(
    { expression: { sessions: 3, minutes: 10 }, essence: { sessions: 2, minutes: 7 } },
    { expression: { sessions: 1, minutes: 5 }, essence: { sessions: 1, minutes: 3 } },
  );

  it.each<[string, AvatarPoolSpecInput["credits"], number, number]>([
    ["is the documented one per minute", {}, 10 * 2 + 7, 5 * 4 + 3 * 2],
    ["is one credit per authentication, whatever the length", { per: "authentication" }, 3 + 2, 5 * 4 + 3 * 2],
    ["is the user's per minute", { selfHosted: { expression: 0.125 }, cloud: { expression: 2.5 } }, 8.25, 18.5],
    ["is the user's per authentication", { per: "authentication", selfHosted: { expression: 0.1, essence: 0 } }, 0.3, 26],
  ])("%s", (_what, credits, selfHosted, cloud) => {
    expect(priced(credits, used)).toEqual({ "self-hosted": selfHosted * 1_000, cloud: cloud * 1_000 });
  });

  it("is zero for an engine without a rate, and without sessions", () => {
    expect(priced({}, usage({ another: { sessions: 3, minutes: 9 } }))).toEqual(emptyLedger.total);
    const idle = new Map([["gateway", usage({ expression: { sessions: 0, minutes: 0 } })]]);
    expect(addUsage(emptyLedger, idle, configOf(), NOW_MS).added).toEqual(emptyLedger.total);
  });
});

describe("the ledger", () => {
  const minutes = (count: number) => usage({ expression: { sessions: 1, minutes: count } });
  const add = (ledger: Ledger, gateways: Record<string, Usage>, nowMs = NOW_MS) =>
    addUsage(ledger, new Map(Object.entries(gateways)), configOf({ budget: { credits: 100, period: "day" } }), nowMs).ledger;

  it("stays the same object if no gateway has counted anything", () => {
    const ledger = add(emptyLedger, { a: minutes(3) });
    expect(add(ledger, { a: minutes(3) })).toBe(ledger);
  });

  it("continues after it was saved and read by another operator", () => {
    const saved = JSON.parse(JSON.stringify(add(emptyLedger, { a: minutes(3), b: minutes(1) }))) as Ledger;
    expect(add(saved, { a: minutes(5), c: minutes(2) }).total["self-hosted"]).toBe(8 * 2 * 1_000);
  });

  it("begins a budget period at midnight UTC, and keeps the total", () => {
    const before = add(emptyLedger, { a: minutes(3) });
    const after = add(before, { a: minutes(4) }, NOW_MS + 60_000);
    expect([before.period, before.spent, after.period, after.spent]).toEqual(["2026-11-27", 6_000, "2026-11-28", 2_000]);
    expect(after.total["self-hosted"]).toBe(8_000);
    expect([spentIn(after, "2026-11-28"), spentIn(after, "2026-11-29")]).toEqual([2_000, 0]);
  });

  it("contains every minute once, with any failures of operators, lost reports, and restarts of gateways that have reported", () => {
    const gateway = fc.nat(2);
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("count" as const), gateway, minutes: fc.nat(9) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("report" as const), gateway }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("save" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("operator-fails" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("gateway-restarts" as const), gateway }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let ledger = emptyLedger;
        let saved = emptyLedger;
        let total = 0;
        const gateways = [0, 1, 2].map((at) => ({ name: `${at}.0`, counted: 0, life: 0 }));
        const report = (at: number) => {
          const { name, counted } = gateways[at]!;
          ledger = add(ledger, { [name]: minutes(counted) });
        };
        for (const next of steps) {
          switch (next.kind) {
            case "count":
              gateways[next.gateway]!.counted += next.minutes;
              total += next.minutes;
              break;
            case "report":
              report(next.gateway);
              break;
            case "save":
              saved = JSON.parse(JSON.stringify(ledger)) as Ledger;
              break;
            case "operator-fails":
              ledger = saved;
              break;
            case "gateway-restarts": {
              report(next.gateway);
              saved = ledger;
              const life = gateways[next.gateway]!.life + 1;
              gateways[next.gateway] = { name: `${next.gateway}.${life}`, counted: 0, life };
            }
          }
        }
        for (const at of [0, 1, 2]) report(at);
        expect(ledger.total["self-hosted"]).toBe(total * 2 * 1_000);
      }),
    );
  });
});
