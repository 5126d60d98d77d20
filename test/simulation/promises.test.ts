import { describe, expect, it } from "vitest";
import { liveInShards } from "./shards.ts";

/** `SEED=n` replays one world, `SEED=n WORLDS=m` runs m worlds from there. */
const FIRST = Number(process.env.SEED ?? 1_000);
const WORLDS = Number(process.env.WORLDS ?? (process.env.SEED === undefined ? 2_000 : 1));

describe("random worlds with faults", () => {
  it(`keep the promises in ${WORLDS} worlds, from seed ${FIRST} on`, { timeout: 3_600_000 }, async () => {
    const results = await liveInShards(FIRST, WORLDS);
    const broken = results.filter(({ figures }) => figures === undefined || figures.failed.length > 0);
    expect(broken.map(({ output }) => output).join("\n")).toBe("");
    const sum = (count: "worlds" | "launches" | "sessions" | "faults" | "sessionsEndedByUs") =>
      results.reduce((total, { figures }) => total + (figures?.[count] ?? 0), 0);
    expect(sum("worlds")).toBe(WORLDS);
    expect(sum("sessionsEndedByUs")).toBe(0);
    console.log(`${WORLDS} worlds, ${sum("launches")} launches, ${sum("sessions")} sessions, ${sum("faults")} faults`);
  });
});
