import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { lineOnStderr, until } from "../support/controlplane/index.ts";
import { LIVEKIT_KEY, LIVEKIT_SECRET } from "../support/livekit/server.ts";
import type { MediaScenario } from "../support/media/scenario.ts";
import { MediaStage } from "../support/media/stage.ts";
import { essencePython } from "../support/python.ts";

/** The agents of the examples as a user starts them. LiveKit dispatches a job to them when a guest opens a room. */

const LIMIT_MS = 60_000;
const examples = path.join(import.meta.dirname, "..", "..", "examples");

let stage: MediaStage;

const folder = mkdtempSync(path.join(tmpdir(), "avatarpool-agents-"));
const greeting = path.join(folder, "greeting.wav");

beforeAll(async () => {
  writeFileSync(greeting, silence(1));
  stage = await MediaStage.open();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface Agent extends AsyncDisposable {
  /** Resolves when the agent's log contains this text. */
  logged(text: string): Promise<void>;
}

/** Runs `python FILE dev`, which listens on a free port, until disposed. Resolves when LiveKit can dispatch jobs to it. */
async function startAgent(file: string, env: Record<string, string>): Promise<Agent> {
  const livekit = { LIVEKIT_URL: stage.livekit.url, LIVEKIT_API_KEY: LIVEKIT_KEY, LIVEKIT_API_SECRET: LIVEKIT_SECRET };
  const child = spawn(await essencePython(lineOnStderr), [file, "dev"], {
    cwd: path.join(examples, "livekit"),
    env: {
      PATH: process.env.PATH ?? "",
      PYTHONUNBUFFERED: "1",
      GREETING_WAV: greeting,
      // The framework's turn detector would connect to LiveKit's cloud.
      LIVEKIT_INFERENCE_URL: "http://127.0.0.1:9",
      ...livekit,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += chunk));
  const agent: Agent = {
    logged: (line) =>
      until(`${file} to log: ${line}`, LIMIT_MS, async () => {
        if (child.exitCode !== null) throw new Error(`${file} ended with code ${child.exitCode}:\n${log}`);
        return log.includes(line);
      }),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
  await agent.logged("registered worker");
  return agent;
}

/** A pool with the spec of an example file. Its workers draw test cards. */
async function examplePool(namespace: string, file: string): Promise<MediaScenario> {
  const documents = parseAllDocuments(readFileSync(path.join(examples, file), "utf8")).map((document) => document.toJS());
  const { spec } = documents.find(({ kind }) => kind === "AvatarPool");
  const env = [{ name: "ESSENCE_RENDERER", value: "testcard" }];
  const workers = spec.workers.map((group: object) => ({ ...group, min: 1, env }));
  const scenario = await stage.scenario(namespace);
  await scenario.readyPool({ ...spec, apiSecretRef: { name: "bithuman" }, workers });
  return scenario;
}

describe("the agent of a pool", () => {
  it.each([
    ["cpu_agent.py", "cpu.yaml"],
    ["cpu_agent.py", "cpu-trial.yaml"],
    ["gpu_agent.py", "gpu.yaml"],
  ])("%s shows an avatar of %s to its guest", async (file, pool) => {
    const room = pool.replace(".yaml", "");
    const scenario = await examplePool(room, pool);
    const url = `${stage.gateways[0]?.url}/${room}/pool/launch`;
    await using agent = await startAgent(file, { AVATARPOOL_URL: url, AVATARPOOL_TOKEN: "any" });
    await stage.callers.join(room, "guest");
    await scenario.until("the guest to see the avatar", async () => {
      const [avatar] = await stage.callers.watch(room);
      return avatar !== undefined && avatar.frames > 0 && avatar.agent.startsWith("agent-");
    });
    await agent.logged("playback finished event received");
    await scenario.until("the pool to count the session", async () => (await scenario.status()).sessions === 1);
    await stage.callers.hangUp(room);
  });
});

describe("the agent of the maker's cloud", () => {
  it("requests a session of the cloud, and continues without an avatar if the cloud refuses", async () => {
    const requests: { readonly headers: IncomingHttpHeaders; readonly body: unknown }[] = [];
    const cloud = createServer(async (request, response) => {
      requests.push({ headers: request.headers, body: JSON.parse(await text(request)) });
      response.writeHead(503).end();
    });
    cloud.listen(0, "127.0.0.1");
    await once(cloud, "listening");
    const url = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}/v1/runtime-tokens/request`;
    await using agent = await startAgent("cloud_agent.py", {
      BITHUMAN_API_URL: url,
      BITHUMAN_API_SECRET: "runtime-token",
      AVATAR_ID: "A91XMB7113",
    });
    await stage.callers.join("cloud", "guest");
    await agent.logged("the call continues without one");
    expect(requests).toHaveLength(3);
    expect(requests[0]?.headers["api-secret"]).toBe("runtime-token");
    expect(requests[0]?.body).toEqual({
      livekit_url: stage.livekit.url,
      livekit_token: expect.any(String),
      room_name: "cloud",
      mode: "cpu",
      agent_id: "A91XMB7113",
    });
    await stage.callers.hangUp("cloud");
    cloud.close();
  });
});

/** A WAV file: 16 kHz, mono, 16 bits per sample. */
function silence(seconds: number): Buffer {
  const bytes = seconds * 32_000;
  const file = Buffer.alloc(44 + bytes);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + bytes, 4);
  file.write("WAVEfmt ", 8);
  for (const [at, value] of [16, 0x1_0001, 16_000, 32_000, 0x10_0002].entries()) file.writeUInt32LE(value, 16 + at * 4);
  file.write("data", 36);
  file.writeUInt32LE(bytes, 40);
  return file;
}
