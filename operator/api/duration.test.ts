import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDurationMs } from "./duration.ts";

describe("durations", () => {
  it.each([
    ["0s", 0],
    ["250ms", 250],
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["1m1ms", 60_001],
  ])("%s is %i ms", (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it.each(["", "5", "s", "-5s", "1.5s", "5 s", "1d", "5S", "1h1m1s1ms1h"])(
    "rejects %j with an example of a valid duration",
    (text) => {
      expect(() => parseDurationMs(text)).toThrow(/is not a duration: .*1h30m/);
    },
  );

  it.each([
    [0, "0s"],
    [90_000, "1m30s"],
    [3_600_000, "1h"],
    [1_250, "1s250ms"],
  ])("formats %i ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it("parses the durations that it formats", () => {
    // A hundred years in ms.
    fc.assert(
      fc.property(
        fc.maxSafeNat().map((n) => n % 3_153_600_000_000),
        (ms) => {
          expect(parseDurationMs(formatDuration(ms))).toBe(ms);
        },
      ),
    );
  });
});
