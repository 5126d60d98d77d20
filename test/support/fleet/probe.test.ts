import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { type ProbeSettings, probeSettings, runProbe } from "./probe.ts";

const settings: ProbeSettings = {
  url: "http://127.0.0.1/ready",
  initialDelayMs: 1_000,
  periodMs: 2_000,
  timeoutMs: 1_000,
  successThreshold: 2,
  failureThreshold: 3,
};

/** Runs the probe with these results, one per period. Returns each verdict with the number of checks before it. */
async function verdictsOf(answers: string): Promise<string[]> {
  const clock = new FakeClock();
  const over = new AbortController();
  const verdicts: string[] = [];
  let looks = 0;
  const check = async () => answers[looks++] === "+";
  const running = runProbe(settings, clock, over.signal, (verdict) => verdicts.push(`${looks} ${verdict}`), check);
  await clock.advance(settings.initialDelayMs);
  while (looks < answers.length) await clock.advance(settings.periodMs);
  over.abort();
  await running;
  return verdicts;
}

describe("a probe's verdict", () => {
  it.each([
    ["+", []],
    ["++", ["2 success"]],
    ["--", []],
    ["---", ["3 failure"]],
    ["+-+-+-", []],
    ["--+--+---", ["9 failure"]],
    ["++--++", ["2 success"]],
    ["++---++", ["2 success", "5 failure", "7 success"]],
    ["++++++", ["2 success"]],
  ])("%s -> %j", async (answers, expected) => {
    expect(await verdictsOf(answers)).toEqual(expected);
  });

  it("is not reported after the signal has aborted, even if a check was under way", async () => {
    const over = new AbortController();
    const verdicts: string[] = [];
    const check = async () => {
      over.abort();
      return true;
    };
    const clock = new FakeClock();
    const eager = { ...settings, initialDelayMs: 0, successThreshold: 1 };
    const running = runProbe(eager, clock, over.signal, (verdict) => verdicts.push(verdict), check);
    await clock.advance(0);
    await running;
    expect(verdicts).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe("probe settings", () => {
  const container = { name: "worker", ports: [{ name: "http", containerPort: 8089 }] };

  it("resolve a named port and use the API's defaults", () => {
    expect(probeSettings({ httpGet: { path: "/ready", port: "http" } as never }, container, "127.64.0.2")).toEqual({
      url: "http://127.64.0.2:8089/ready",
      initialDelayMs: 0,
      periodMs: 10_000,
      timeoutMs: 1_000,
      successThreshold: 1,
      failureThreshold: 3,
    });
  });

  it("reject a port that the container does not have", () => {
    expect(() => probeSettings({ httpGet: { port: "metrics" } as never }, container, "127.64.0.2")).toThrow('port "metrics"');
  });
});
