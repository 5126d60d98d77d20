import { expect, it } from "vitest";
import { launchStages } from "./launch-spans.ts";
import { newTrace, noteStep } from "./launch-trace.ts";

const span = { traceId: "t", context: {}, add: () => {}, end: () => {} };

it("the stages of a launch cover its time without gaps, and a repeated stage appears again", () => {
  const trace = newTrace(1_000, "t", span);
  const leave = (state: Parameters<typeof noteStep>[1], startMs: number, endMs: number) => noteStep(trace, state, startMs, endMs);
  leave("admitted", 1_010, 1_010);
  leave("pending", 1_010, 1_011);
  leave("queued", 1_011, 4_000);
  leave("reserved", 4_000, 4_002);
  leave("claimed", 4_002, 4_002);
  trace.worker = "a";
  leave("sent", 4_002, 4_050);
  leave("pending", 4_050, 4_050);
  leave("reserved", 4_050, 4_051);
  leave("claimed", 4_051, 4_051);
  trace.worker = "b";
  leave("sent", 4_051, 4_151);
  const stages = launchStages(trace, 4_151);
  const names = ["read", "pick", "queue", "claim", "forward", "pick", "claim", "forward"];
  expect(stages.map(({ name }) => name)).toEqual(names);
  expect(stages.map(({ startMs, endMs }) => endMs - startMs)).toEqual([10, 1, 2_989, 2, 48, 0, 1, 100]);
  expect(stages.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)).toBe(4_151 - 1_000);
  expect(stages.flatMap(({ attributes }) => attributes?.["avatarpool.worker"] ?? [])).toEqual(["a", "b"]);
});

it("a launch that is refused while it is read has one stage, and the number of steps is limited", () => {
  const trace = newTrace(1_000, "t", span);
  expect(launchStages(trace, 1_500)).toEqual([{ name: "read", startMs: 1_000, endMs: 1_500 }]);
  for (let at = 0; at < 1_000; at++) noteStep(trace, "queued", at, at);
  expect(trace.steps?.length).toBe(100);
  const untraced = newTrace(1_000);
  noteStep(untraced, "queued", 1_000, 1_001);
  expect(untraced.steps).toBeUndefined();
});
