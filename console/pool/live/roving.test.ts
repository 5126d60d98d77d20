import { describe, expect, it } from "vitest";
import { type MoveKey, movedTo } from "./roving.ts";

/** Three rows of four, four and two tiles. */
const placeOf = (index: number) => ({ left: 50 * (index % 4), top: 30 * Math.floor(index / 4) });
const from = (index: number, key: MoveKey) => movedTo(key, index, 10, placeOf);

describe("movedTo", () => {
  it("moves along the row and ends at the first and the last tile", () => {
    expect([from(4, "ArrowRight"), from(4, "ArrowLeft"), from(0, "ArrowLeft"), from(9, "ArrowRight")]).toEqual([5, 3, 0, 9]);
    expect([from(4, "Home"), from(4, "End")]).toEqual([0, 9]);
  });

  it("moves to the nearest tile of the next row, also if that row is shorter", () => {
    expect([from(1, "ArrowDown"), from(5, "ArrowUp"), from(7, "ArrowDown"), from(8, "ArrowUp")]).toEqual([5, 1, 9, 4]);
  });

  it("stays where there is no further row", () => {
    expect([from(1, "ArrowUp"), from(9, "ArrowDown")]).toEqual([1, 9]);
  });
});
