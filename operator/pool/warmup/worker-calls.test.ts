import { expect, it } from "vitest";
import { engines } from "../../engines/index.ts";
import { systemClock } from "../../runtime/clock.ts";
import { WorkerUnreachable } from "../../workers/client.ts";
import { WorkerCalls } from "./worker-calls.ts";

function callsTo(answers: Readonly<Record<string, object>>): WorkerCalls {
  const get = async (_origin: string, path: string) => {
    const body = answers[path];
    if (body === undefined) throw new WorkerUnreachable("no connection", { cause: { code: "ECONNREFUSED" } });
    return { status: 200, contentType: "application/json", body: JSON.stringify(body) };
  };
  return new WorkerCalls({ get, post: () => Promise.reject(new Error("no launch")) }, systemClock);
}

it.each([
  ["expression", { "/health": { active_sessions: 0 } }, true],
  ["expression", { "/health": { active_sessions: 1 } }, false],
  ["expression", { "/health": {} }, false],
  ["livekit-agent", { "/": {}, "/worker": { sdk_version: "1.8.9" } }, true],
  ["livekit-agent", { "/": {}, "/worker": { sdk_version: "1.8.9", active_jobs: 1 } }, false],
  ["livekit-agent", { "/": {}, "/worker": {} }, false],
] as const)("a worker of engine %s that answers %j is verified to be empty: %s", async (engine, answers, empty) => {
  expect(await callsTo(answers).isEmpty("http://worker", engines[engine])).toBe(empty);
});
