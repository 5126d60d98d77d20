import { describe, expect, it } from "vitest";
import { tile } from "../../../test/support/console/fake-source.ts";
import { cellsOf, slotsText, stateCounts, workerLabel } from "./worker-words.ts";

describe("a worker in words", () => {
  it("counts what is free after sessions, reservations and blocked slots", () => {
    expect(cellsOf(tile("a", { slots: 8, sessions: 3, reserved: 1, blocked: 2 }))).toEqual({
      busy: 3,
      reserved: 1,
      blocked: 2,
      free: 2,
    });
    expect(cellsOf(tile("a", { slots: 2, sessions: 3 })).free).toBe(0);
  });

  it("calls slots free only on a warm worker", () => {
    expect(slotsText(tile("a", { slots: 4, sessions: 1, reserved: 1 }))).toBe("1 busy, 1 reserved, 2 free of 4 slots");
    expect(slotsText(tile("a", { state: "starting", slots: 1 }))).toBe("1 not usable yet of 1 slot");
  });

  it("has everything that the tile shows, for screen readers", () => {
    const worker = tile("a", {
      pod: "gpu-1",
      slots: 1,
      sessions: 1,
      protected: true,
      outdated: true,
      why: "warm; 0 of 1 slot is free",
    });
    expect(workerLabel(worker)).toBe(
      "gpu-1: warm; 1 busy of 1 slot; protected from eviction; runs an earlier revision of its group; warm; 0 of 1 slot is free",
    );
  });

  it("counts the states that occur", () => {
    expect(stateCounts([tile("a"), tile("b", { state: "failing" }), tile("c")])).toEqual([
      { state: "warm", count: 2 },
      { state: "failing", count: 1 },
    ]);
  });
});
