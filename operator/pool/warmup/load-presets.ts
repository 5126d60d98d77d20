import type { GroupConfig, PoolConfig, PresetConfig } from "../../api/pool-config.ts";
import { launchApiOf } from "../../engines/index.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type ReadSecret, secretReader } from "../../kube/secret-cache.ts";
import type { Clock } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import { taskId, taskState, workerMessage } from "../../workers/answers.ts";
import { encodeLaunch } from "../../workers/form.ts";
import type { PresetLoader } from "./warmup.ts";
import type { WorkerCalls } from "./worker-calls.ts";

const LAUNCH_TIMEOUT_MS = 60_000;
/** A first session may encode an image and compile for the GPU. */
const RUNNING_TIMEOUT_MS = 180_000;
const POLL_MS = 200;
const CALL_TIMEOUT_MS = 5_000;

export interface LoadPresetsOptions {
  readonly client: Pick<KubeClient, "get">;
  readonly workers: Pick<WorkerCalls, "call">;
  readonly clock: Clock;
  /** A worker of this engine has accepted a session. */
  readonly onSession: (pool: PoolConfig, engine: string) => void;
}

/**
 * Loads every preset of a group on a worker: starts a session in a separate room, waits until it runs, and stops it.
 * Each session costs one authentication at the maker.
 */
export function presetLoader({ client, workers, clock, onSession }: LoadPresetsOptions): PresetLoader {
  return async (pool, group, origin, pod, signal) => {
    const { livekit } = pool;
    if (livekit === undefined) throw new Error("warm-up by session requires spec.livekit");
    const readSecret = secretReader(client);
    const credentials = await apiKey(readSecret, pool.namespace, livekit.apiKeyRef, signal);
    const hidden = [credentials.secret, await makerSecret(readSecret, pool, signal)];
    for (const preset of pool.presets.filter(({ name }) => group.presets.includes(name))) {
      const room = `avatarpool-warmup-${pod.name}-${preset.name}`;
      const token = await roomToken(credentials, room);
      const session = { livekitUrl: livekit.url, livekitToken: token, roomName: room, hidden: [...hidden, token] };
      await loadPreset({ workers, clock, began: () => onSession(pool, group.engine.name) }, group, preset, origin, session, signal);
    }
  };
}

interface WarmupSession {
  readonly livekitUrl: string;
  readonly livekitToken: string;
  readonly roomName: string;
  /** Secrets that the worker receives and that conditions must not quote. */
  readonly hidden: readonly string[];
}

async function loadPreset(
  { workers, clock, began }: Pick<LoadPresetsOptions, "workers" | "clock"> & { readonly began: () => void },
  group: GroupConfig,
  preset: PresetConfig,
  origin: string,
  { hidden, ...session }: WarmupSession,
  signal: AbortSignal,
): Promise<void> {
  const api = launchApiOf(group.engine);
  const failed = (what: string) => new Error(`preset ${preset.name}: ${what}`);
  const form = api.form({ ...session, avatar: { kind: "preset", ...preset }, asyncMode: true });
  const launched = await workers.call({
    method: "POST",
    origin,
    path: api.path,
    timeoutMs: LAUNCH_TIMEOUT_MS,
    body: encodeLaunch(form, { engine: group.engine, dialect: group.dialect ?? api.dialect }),
    signal,
  });
  if (launched.status >= 300)
    throw failed(`the worker rejected a warm-up session with status ${launched.status}: ${workerMessage(launched, hidden)}`);
  began();
  const id = taskId(launched);
  if (id === undefined) throw failed("the worker's response to a warm-up session has no task_id");

  const task = `${api.tasks}/${id}`;
  const giveUpAtMs = clock.now() + RUNNING_TIMEOUT_MS;
  try {
    for (;;) {
      const answer = await workers.call({ method: "GET", origin, path: task, timeoutMs: CALL_TIMEOUT_MS, signal });
      const state = taskState(answer);
      if (state === "running") return;
      if (state === "ended") throw failed(`the warm-up session ended before it ran: ${workerMessage(answer, hidden)}`);
      if (clock.now() > giveUpAtMs) throw failed(`the warm-up session did not run within ${RUNNING_TIMEOUT_MS / 1_000} s`);
      await sleep(clock, POLL_MS, signal);
    }
  } finally {
    // The slot must be freed in every case. The call ignores the signal, which may have ended the wait.
    await workers.call({ method: "POST", origin, path: `${task}/stop`, timeoutMs: CALL_TIMEOUT_MS });
  }
}

async function apiKey(
  readSecret: ReadSecret,
  namespace: string,
  ref: { readonly name: string; readonly keyKey: string; readonly secretKey: string },
  signal: AbortSignal,
): Promise<{ readonly key: string; readonly secret: string }> {
  const values = await readSecret({ namespace, name: ref.name }, signal);
  const read = (key: string) => {
    const value = values?.get(key);
    if (value === undefined)
      throw new Error(`warm-up by session requires the key ${key} in Secret ${namespace}/${ref.name} (spec.livekit.apiKeyRef)`);
    return value.trim();
  };
  return { key: read(ref.keyKey), secret: read(ref.secretKey) };
}

/** The maker's secret, which each worker has in its environment; empty if it cannot be read. */
async function makerSecret(readSecret: ReadSecret, { namespace, apiSecretRef }: PoolConfig, signal: AbortSignal): Promise<string> {
  const values = await readSecret({ namespace, name: apiSecretRef.name }, signal).catch(() => undefined);
  return values?.get(apiSecretRef.key)?.trim() ?? "";
}

async function roomToken({ key, secret }: { readonly key: string; readonly secret: string }, room: string): Promise<string> {
  // Loaded on first use: few pools warm up by session, and the SDK is large.
  const { AccessToken } = await import("livekit-server-sdk");
  const token = new AccessToken(key, secret, { identity: "avatarpool-warmup", ttl: "10m" });
  token.addGrant({ roomJoin: true, room, canPublish: true, canSubscribe: true });
  return token.toJwt();
}
