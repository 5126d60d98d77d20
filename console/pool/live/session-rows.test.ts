import { describe, expect, it } from "vitest";
import type { SessionRow } from "../../../operator/api/console.ts";
import { sessionRows } from "./session-rows.ts";

const session = (room: string, more: Partial<SessionRow> = {}): SessionRow => ({
  room,
  state: "running",
  worker: "gpu-1",
  group: "gpu",
  ...more,
});

describe("sessionRows", () => {
  it("shows the newest first, and sessions of unknown age last", () => {
    const rows = sessionRows([session("none"), session("old", { launchedAtMs: 1 }), session("new", { launchedAtMs: 2 })], "");
    expect(rows.map(({ room }) => room)).toEqual(["new", "old", "none"]);
  });

  it("finds each word of the search in any text of the session", () => {
    const rows = [session("call-1", { preset: "maya" }), session("call-2", { worker: "cpu-7" })];
    expect(sessionRows(rows, "MAYA call").map(({ room }) => room)).toEqual(["call-1"]);
    expect(sessionRows(rows, "cpu-7").map(({ room }) => room)).toEqual(["call-2"]);
    expect(sessionRows(rows, "maya cpu-7")).toEqual([]);
  });
});
