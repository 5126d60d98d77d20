import { describe, expect, it } from "vitest";
import { type CallRecord, type Kill, type MemorySample, verdict } from "./verdict.ts";

const good: CallRecord = { room: "a", launchedMs: 1_000, pod: "w", shownMs: 1_400, endedMs: 60_000 };
const atRest = { slots: 4, freeSlots: 4, sessions: 0 };
const judge = (calls: readonly CallRecord[], kills: readonly Kill[] = [], rest = atRest, memory: readonly MemorySample[] = []) =>
  verdict(calls, { kills, cutOffs: [{ fromMs: 50_000, toMs: 70_000 }] }, memory, rest);

describe("the verdict of a soak", () => {
  it("has no complaint about calls that end by themselves", () => {
    expect(judge([good, { ...good, room: "b", shownMs: 3_000 }])).toMatchObject({
      figures: { calls: 2, callsEndedByUs: 0, launchesLost: 0, avatarsDoubled: 0, slotsLeaked: 0, startup: { p50: 2_000 } },
      broken: [],
    });
  });

  it("distinguishes calls of killed workers from calls that AvatarPool ended", () => {
    const lost = { ...good, lostMs: 30_000 };
    expect(judge([lost], [{ pod: "w", atMs: 20_000 }])).toMatchObject({ figures: { callsEndedByFaults: 1 }, broken: [] });
    const { pod: _, ...unknown } = lost;
    expect(judge([unknown], [{ pod: "v", atMs: 20_000 }])).toMatchObject({ figures: { callsEndedByFaults: 1 } });
    const others = [
      { pod: "v", atMs: 20_000 },
      { pod: "w", atMs: 500 },
      { pod: "w", atMs: 31_000 },
    ];
    expect(judge([lost], others)).toMatchObject({
      figures: { callsEndedByUs: 1, callsEndedByFaults: 0 },
      broken: [expect.stringContaining("the call in a ended although nothing had killed w")],
    });
  });

  it("counts a call whose worker was killed before the first frame as ended by the fault", () => {
    const noFrame = { room: "a", launchedMs: 10_000, endedMs: 70_000, failure: "TimeoutError: " };
    expect(judge([noFrame], [{ pod: "w", atMs: 11_000 }])).toMatchObject({ figures: { callsEndedByFaults: 1 }, broken: [] });
    expect(judge([noFrame])).toMatchObject({ figures: { callsEndedByFaults: 0, launchesLost: 1 } });
  });

  it("counts lost launches, doubled avatars and leaked slots", () => {
    const calls = [
      { room: "a", launchedMs: 0, failure: "503" },
      { ...good, room: "b", doubled: true },
    ];
    const { figures, broken } = judge(calls, [], { slots: 4, freeSlots: 3, sessions: 0 });
    expect(figures).toMatchObject({ launchesLost: 1, avatarsDoubled: 1, slotsLeaked: 1 });
    expect(broken).toHaveLength(3);
  });

  it("distinguishes launches that reached no gateway from launches that a gateway lost", () => {
    const failed = { room: "a", launchedMs: 45_000, endedMs: 60_000, failure: "all retries: Connection timeout to host" };
    expect(judge([failed])).toMatchObject({ figures: { launchesCutOff: 1, launchesLost: 0 }, broken: [] });
    for (const other of [{ launchedMs: 71_000, endedMs: 90_000 }, { failure: "Cannot connect to host; status_code=502" }])
      expect(judge([{ ...failed, ...other }])).toMatchObject({ figures: { launchesCutOff: 0, launchesLost: 1 } });
  });

  it("complains about memory that grows from the second to the last quarter", () => {
    const samples = (growing: number) =>
      Array.from({ length: 41 }, (_, index) => ({ atMs: index, mebibytes: { operator: 100 + index * growing, gateway: 90 } }));
    expect(judge([], [], atRest, samples(0)).broken).toEqual([]);
    const { figures, broken } = judge([], [], atRest, samples(3));
    expect(figures.memory).toEqual({ operator: [145, 205], gateway: [90, 90] });
    expect(broken).toEqual(["the memory of the operator grew from 145 to 205 MiB"]);
  });
});
