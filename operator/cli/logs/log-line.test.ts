import { describe, expect, it } from "vitest";
import { concerns, lineText, readLine } from "./log-line.ts";

const written = (record: object) => `2026-01-01T10:00:00.123456789Z ${JSON.stringify(record)}`;
const look = { colours: false, sourceWidth: 8 };

describe("a line of a log", () => {
  it("of this product shows time, source, level, message and the other fields", () => {
    const record = { level: "warn", time: "2026-01-01T10:00:00.100Z", name: "gateway", msg: "launch", room: "room 1", waitedMs: 3 };
    expect(lineText(readLine("gw-1", written(record)), look)).toBe(
      '10:00:00.123  gw-1      warn   launch  room="room 1" waitedMs=3',
    );
  });

  it("that is not structured is shown as it is, without control of the terminal", () => {
    const line = readLine("w-1", "2026-01-01T10:00:00Z loading \u001b[2J model\r");
    expect(lineText(line, look)).toBe("10:00:00.000  w-1       -      loading ?[2J model?");
    expect(readLine("w-1", '2026-01-01T10:00:00Z {"half').message).toBe('{"half');
    expect(lineText(readLine("w-1", "no time at all"), look)).toBe("-             w-1       -      no time at all");
  });

  it("has a colour for its source on a terminal, and hides control characters in fields there too", () => {
    const text = lineText(readLine("gw-1", written({ level: "error", msg: "m", room: "\u009b31m" })), { ...look, colours: true });
    expect(text).toContain("\u001b[31merror\u001b[0m");
    expect(text.replaceAll("\u001b", "ESC")).toMatch(/ESC\[\d\dmgw-1 {4}ESC\[0m/);
    expect(text).not.toContain("\u009b");
  });

  it("belongs to a pool if it names this pool or none", () => {
    const of = (fields: object) => concerns(readLine("gw", written(fields)), { namespace: "avatars", name: "support" });
    expect([of({}), of({ namespace: "avatars", pool: "support" }), of({ pool: "avatars/support" })]).toEqual([true, true, true]);
    expect([of({ namespace: "avatars", pool: "sales" }), of({ namespace: "x", pool: "support" })]).toEqual([false, false]);
    expect(concerns(readLine("gw", written({ namespace: "avatars", pool: "sales" })), { namespace: "avatars" })).toBe(true);
  });
});
