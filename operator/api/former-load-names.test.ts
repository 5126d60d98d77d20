import { expect, it } from "vitest";
import { load, report } from "../../test/support/pools.ts";
import { withCurrentNames, withFormerNames } from "./former-load-names.ts";
import { loadReportSchema } from "./load-report.ts";

const shortages = { maya: { worker503: 1, waited: 2, refused: 3 } };
const launches = { maya: { arrived: 9, missed: 4, started: 8 } };
const formerLaunches = { maya: { arrived: 9, cold: 4, started: 8 } };
const reclaimed = { sessions: 2, slotSeconds: 900 };
const overTheWire = (report: object) => JSON.parse(JSON.stringify(report));

it("sends the names of the previous version beside the current ones", () => {
  const [sent] = overTheWire(withFormerNames(report("g", [load({ shortages, launches, reclaimed })]))).pools;
  expect(sent).toMatchObject({ shortages, pressure: shortages, reclaimed, wonBack: reclaimed });
  expect(sent).toMatchObject({ launches: { maya: { arrived: 9, missed: 4, cold: 4, started: 8 } } });
});

it("reads lines of the previous and of the current version", () => {
  const current = load({ shortages, launches, reclaimed });
  const { shortages: _, reclaimed: __, ...rest } = current;
  for (const pool of [current, { ...rest, pressure: shortages, launches: formerLaunches, wonBack: reclaimed }]) {
    const line = overTheWire({ ...report("g", []), pools: [pool] });
    expect(loadReportSchema.parse(withCurrentNames(line)).pools[0]).toMatchObject({ shortages, launches, reclaimed });
  }
});
