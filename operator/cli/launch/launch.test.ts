import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OutputFormat } from "../flags.ts";
import type { GatewayRequest } from "../gateways/ask-gateway.ts";
import { launch } from "./launch.ts";
import { type LivekitFlags, type LivekitPool, livekitOf } from "./livekit.ts";

const livekit = { url: "ws://127.0.0.1:1", key: "key", secret: "secret-of-livekit" };

interface World {
  readonly output?: OutputFormat;
  readonly keep?: boolean;
  readonly launched?: number;
  readonly states?: readonly string[];
  /** Whether the launch takes long. */
  readonly slow?: boolean;
}

async function run({ output = "table", keep = false, launched = 200, states = ["running"], slow = false }: World = {}) {
  const left = [...states];
  const requests: string[] = [];
  const lines: string[] = [];
  const hints: string[] = [];
  let waiting: (() => void) | undefined;
  const ask = async ({ method }: GatewayRequest) => {
    requests.push(method);
    if (method === "POST") {
      if (slow) waiting?.();
      const headers = {
        "x-avatarpool-path": "queued",
        "x-avatarpool-worker": "w1",
        "server-timing": "queue;dur=900, forward;dur=27",
      };
      const body = launched === 200 ? {} : { error: { code: "queue_full", message: `no slot; ${livekit.secret}` } };
      return { status: launched, headers, body: JSON.stringify(body) };
    }
    const session = { room: "r", state: left.shift() ?? "running", task_id: "t", worker: "w1", group: "gpu" };
    return { status: 200, headers: {}, body: JSON.stringify({ sessions: [session], complete: true }) };
  };
  let nowMs = 0;
  const failure = await launch(
    { pool: { namespace: "avatars", name: "support" }, preset: "maya", livekit, room: "r", keep },
    output,
    {
      ...{ ask, print: (line) => void lines.push(line), hint: (line) => void hints.push(line) },
      nowMs: () => (nowMs += 100),
      pause: async () => {},
      later: (_ms, callback) => {
        waiting = callback;
        return () => {
          waiting = undefined;
        };
      },
    },
  ).catch((error: Error) => error.message);
  return { requests, lines, hints, failure };
}

describe("launch", () => {
  it("prints each stage with its time, and ends the session", async () => {
    const { lines, requests, failure } = await run({ states: ["pending", "running"], slow: true });
    expect(failure).toBeUndefined();
    expect(lines).toEqual([
      "0.0 s  sent to pool avatars/support, room r",
      "1.5 s  queued: the launch waits for a free slot",
      "0.1 s  forwarded to worker w1 (queued): queue 900 ms, forward 27 ms",
      "0.2 s  running on worker w1",
      "0.3 s  ended",
    ]);
    expect(requests).toEqual(["POST", "GET", "GET", "DELETE"]);
  });

  it("keeps the session on request, and says how to end it", async () => {
    const { requests, hints } = await run({ keep: true });
    expect(requests).not.toContain("DELETE");
    expect(hints).toEqual(["the session continues: end it by avatarpool sessions stop r support -n avatars"]);
  });

  it("prints one JSON document, with the progress beside it", async () => {
    const { lines, hints } = await run({ output: "json" });
    expect(JSON.parse(lines.join("\n"))).toMatchObject({
      ...{ namespace: "avatars", name: "support", ended: true },
      steps: [
        { name: "forwarded", path: "queued", stages: [{ name: "queue", ms: 900 }, {}] },
        { name: "running" },
        { name: "ended" },
      ],
    });
    expect(hints).toHaveLength(4);
  });

  it("quotes a refusal without secrets, and ends what may have begun", async () => {
    const { failure, requests } = await run({ launched: 503 });
    expect(failure).toBe("the launch failed with status 503: no slot; [hidden]");
    expect(requests).toEqual(["POST", "DELETE"]);
  });
});

describe("the LiveKit server of a launch", () => {
  const pool: LivekitPool = {
    metadata: { namespace: "avatars" },
    spec: { livekit: { url: "wss://of-the-pool", apiKeyRef: { name: "livekit" } } },
  };
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const client = { get: async () => ({ data: { "api-key": base64("k"), "api-secret": base64("s") } }) as never };
  const of = (flags: LivekitFlags, env: Readonly<Record<string, string>> = {}, of = pool) =>
    livekitOf(client, of, flags, env).catch((error: Error) => error.message);

  it("is the pool's, unless options or the environment name another", async () => {
    expect(await of({})).toEqual({ url: "wss://of-the-pool", key: "k", secret: "s" });
    const env = { LIVEKIT_URL: "wss://of-env", LIVEKIT_API_KEY: "ek", LIVEKIT_API_SECRET: "es" };
    expect(await of({}, env)).toEqual({ url: "wss://of-env", key: "ek", secret: "es" });
    const folder = await mkdtemp(path.join(tmpdir(), "livekit-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(path.join(folder, "s"), "fs\n");
    expect(await of({ livekitUrl: "ws://x", livekitSecretFile: path.join(folder, "s") }, env)).toEqual({
      url: "ws://x",
      key: "ek",
      secret: "fs",
    });
  });

  it("never gets the pool's key for another server", async () => {
    expect(await of({ livekitUrl: "wss://elsewhere" })).toMatch(/^the key of the LiveKit server is unknown/);
    expect(await of({}, {}, { spec: {} })).toMatch(/^the launch needs a LiveKit server/);
    expect(await of({ livekitUrl: "https://x" })).toMatch(/must be ws:\/\/ or wss:\/\//);
  });
});
