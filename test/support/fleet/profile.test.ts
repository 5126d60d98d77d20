import { expect, it } from "vitest";
import { workerProfile } from "./profile.ts";
import { seededRandom } from "./random.ts";

it("varies cold starts by pod, identically for the same seed", () => {
  const coldStarts = (seed: number) =>
    Array.from({ length: 50 }, (_, pod) => workerProfile("expression", {}, seededRandom(seed, `gpu-${pod}`)).coldStartMs);
  expect(coldStarts(7)).toEqual(coldStarts(7));
  expect(coldStarts(7)).not.toEqual(coldStarts(8));
  expect(Math.min(...coldStarts(7))).toBeGreaterThanOrEqual(30_000);
  expect(Math.max(...coldStarts(7))).toBeLessThanOrEqual(33_000);
  expect(new Set(coldStarts(7)).size).toBeGreaterThan(40);
});

it("reads the worker's own settings, and uses the documented values if they are invalid", () => {
  const env = { MAX_SESSIONS: "2", SESSION_IDLE_TIMEOUT: "60", TASK_RETENTION_SECONDS: "soon" };
  expect(workerProfile("expression", env, () => 0)).toMatchObject({
    maxSessions: 2,
    idleTimeoutMs: 60_000,
    taskRetentionMs: 3_600_000,
  });
  expect(workerProfile("essence", {}, () => 0)).toMatchObject({ maxSessions: 1, coldStartMs: 20_000, encodingMs: 0 });
});
