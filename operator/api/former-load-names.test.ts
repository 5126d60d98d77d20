import { expect, it } from "vitest";
import { load, report } from "../../test/support/pools.ts";
import { withCurrentNames, withFormerNames } from "./former-load-names.ts";
import { loadReportSchema } from "./load-report.ts";

const reclaimed = { sessions: 2, slotSeconds: 900 };

it("sends the names of the previous version beside the current ones", () => {
  const [sent] = (JSON.parse(JSON.stringify(withFormerNames(report("g", [load({ reclaimed })])))) as { pools: object[] }).pools;
  expect(sent).toMatchObject({ reclaimed, wonBack: reclaimed });
});

it("reads a line of the previous version, and its own", () => {
  const { reclaimed: _, ...former } = { ...load({ reclaimed }), wonBack: reclaimed };
  for (const pool of [former, load({ reclaimed })]) {
    const line = JSON.parse(JSON.stringify({ ...report("g", []), pools: [pool] }));
    expect(loadReportSchema.parse(withCurrentNames(line)).pools[0]).toMatchObject({ reclaimed });
  }
});
