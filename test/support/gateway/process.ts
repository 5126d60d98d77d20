import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { loadReportSchema, type PoolLoad } from "../../../operator/api/load-report.ts";

const main = path.join(import.meta.dirname, "..", "..", "..", "operator", "main.ts");
const dieWithParent = path.join(import.meta.dirname, "..", "die-with-parent.mjs");

export interface GatewayProcess extends AsyncDisposable {
  /** Base URLs. */
  readonly launches: string;
  readonly internal: string;
  /** Logged lines. */
  readonly log: readonly Record<string, unknown>[];
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** The gateway as a separate process, on free ports of loopback. Resolves when it listens. */
export async function startGateway(env: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const child = spawn(process.execPath, ["--import", dieWithParent, main, "gateway"], {
    env: {
      ...process.env,
      AVATARPOOL_HOST: "127.0.0.1",
      AVATARPOOL_LAUNCH_PORT: "0",
      AVATARPOOL_INTERNAL_PORT: "0",
      AVATARPOOL_SETTLE_SECONDS: "0",
      ...env,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const log: Record<string, unknown>[] = [];
  const { launches, internal } = await new Promise<{ launches: string; internal: string }>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      log.push(entry);
      if (entry.msg === "listening") resolve({ launches: String(entry.launches), internal: String(entry.internal) });
    });
    void exited.then((code) => reject(new Error(`the gateway ended with ${code} before it listened`)));
  });
  const stop = () => end(child, exited);
  return {
    launches,
    internal,
    log,
    stop,
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

function end(child: ChildProcess, exited: Promise<number | null>): Promise<number | null> {
  child.kill("SIGTERM");
  return exited;
}

/** Reads a gateway's load stream as the operator does. `last` is the newest entry of each pool, by name. */
export async function openLoad(internal: string, token: string) {
  const closing = new AbortController();
  const headers = token === "" ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${internal}/load`, { headers, signal: closing.signal });
  const last = new Map<string, PoolLoad>();
  const read = async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const pool of lines.flatMap((line) => loadReportSchema.parse(JSON.parse(line)).pools)) {
        last.set(pool.name, { ...pool, workers: pool.workers ?? last.get(pool.name)?.workers ?? [] });
      }
    }
  };
  // A closed stream is no failure.
  void read().catch(() => {});
  return { status: response.status, last, close: () => closing.abort() };
}
