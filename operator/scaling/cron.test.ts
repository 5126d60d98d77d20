import { Cron } from "croner";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admits } from "../../test/support/crd-rules.ts";
import { expandCron } from "./cron.ts";

describe("expandCron", () => {
  it.each([
    ["0 8 * * 1-5", "0 8 * * 1,2,3,4,5"],
    ["0 22-6 * * *", "0 22,23,0,1,2,3,4,5,6 * * *"],
    ["0 8 * * fri-Mon", "0 8 * * 5,6,0,1"],
    ["0 8 * * SAT-SUN", "0 8 * * 6,0"],
    ["0 8 * * 5-7", "0 8 * * 5,6,0"],
    ["0 8 * * 7-2", "0 8 * * 0,1,2"],
    ["5/20 * * DEC-feb *", "5,25,45 * * 12,1,2 *"],
    ["50-10/5 * * * *", "50,55,0,5,10 * * * *"],
    ["*/15,7 */99 1/40 * 07", "*/15,7 0 1 * 7"],
  ])("%s is %s", (pattern, expanded) => expect(expandCron(pattern)).toBe(expanded));
});

const value = fc.oneof(
  fc.integer({ min: 0, max: 70 }).map(String),
  fc.integer({ min: 0, max: 9 }).map((n) => `0${n}`),
  fc.constantFrom("jan", "MAR", "dec", "sun", "Mon", "SAT", "x", "L", ""),
);
const item = fc
  .tuple(
    fc.oneof(
      value,
      fc.constant("*"),
      fc.tuple(value, value).map(([from, to]) => `${from}-${to}`),
    ),
    fc.option(value),
  )
  .map(([range, step]) => (step === null ? range : `${range}/${step}`));
const field = fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(","));
const pattern = fc.oneof(
  fc.tuple(field, field, field, field, field).map((fields) => fields.join(" ")),
  fc.array(field, { maxLength: 7 }).map((fields) => fields.join(" ")),
  // Valid fields, so that whole patterns are valid often enough.
  fc.tuple(item, fc.nat({ max: 4 })).map(([one, at]) => ["*", "*", "*", "*", "*"].with(at, one).join(" ")),
);
const cronAdmits = admits("spec.warm.schedule[].cron");

function isRead(text: string): boolean {
  try {
    new Cron(expandCron(text), { timezone: "UTC", mode: "5-part", paused: true });
    return true;
  } catch {
    return false;
  }
}

it("the CRD admits exactly the cron patterns that the code can parse", () => {
  let admitted = 0;
  fc.assert(
    fc.property(pattern, (text) => {
      if (cronAdmits(text)) admitted += 1;
      expect([text, isRead(text)]).toEqual([text, cronAdmits(text)]);
    }),
    { numRuns: 3_000 },
  );
  expect(admitted).toBeGreaterThan(100);
});
