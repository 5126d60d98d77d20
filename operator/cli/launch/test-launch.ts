import { AccessToken, RoomServiceClient } from "livekit-server-sdk";
import type { RawResponse } from "../../kube/transport.ts";
import { type AskGateway, refusedBy } from "../gateways/ask-gateway.ts";
import { type ReachedPool, sessionsIn, stopSessions } from "../sessions/sessions.ts";

/** Shorter than Helm's timeout of 5m, and longer than the start of a cold worker. */
const LIMIT_MS = 240_000;
/** The first 60 s of a session. */
const MAX_POLLS = 120;
const IDENTITY = "avatarpool-check";

export type Livekit = Readonly<Record<"url" | "key" | "secret", string>>;

export interface TestLaunch {
  readonly pool: ReachedPool;
  readonly preset: string | undefined;
  readonly livekit: Livekit;
  readonly room: string;
  /** Keep the session. Otherwise it ends once it runs. */
  readonly keep?: boolean;
}

/** What a test launch has reached, with the time since it was sent. */
export type LaunchStep =
  | {
      readonly name: "forwarded";
      readonly ms: number;
      readonly path: string;
      readonly worker: string;
      /** Times of the gateway's own stages, in order. */
      readonly stages: readonly StageTime[];
    }
  | { readonly name: "running" | "joined"; readonly ms: number; readonly worker: string }
  | { readonly name: "ended"; readonly ms: number };

export interface StageTime {
  readonly name: string;
  readonly ms: number;
}

export interface LaunchTools {
  readonly ask: AskGateway;
  readonly onStep: (step: LaunchStep) => void;
  readonly nowMs: () => number;
  /** Waits between two requests for the state of the session. */
  readonly pause: () => Promise<unknown>;
  /** Cancels the launch. Its session ends. */
  readonly signal?: AbortSignal;
}

/**
 * Launches into a room, waits until the session runs or its avatar is in the room, and ends it. If a step fails, the session that may
 * have begun ends too.
 * @throws Error that names the failed step and quotes the gateway.
 */
export async function testLaunch(launch: TestLaunch, tools: LaunchTools): Promise<void> {
  const { pool, room } = launch;
  const { ask, onStep, nowMs } = tools;
  const startMs = nowMs();
  const since = () => nowMs() - startMs;
  const deadline = AbortSignal.timeout(LIMIT_MS);
  const signal = tools.signal === undefined ? deadline : AbortSignal.any([deadline, tools.signal]);
  const form = await launchForm(launch);
  try {
    onStep(forwarded(await send(ask, launch, form, signal), since()));
    onStep({ ...(await started(launch, { ...tools, signal })), ms: since() });
  } catch (error) {
    // A launch without a response may have begun a session.
    await stopSessions(ask, pool, room).catch(() => undefined);
    throw error;
  }
  if (launch.keep) return;
  await stopSessions(ask, pool, room);
  onStep({ name: "ended", ms: since() });
}

async function launchForm({ livekit, room, preset }: TestLaunch): Promise<URLSearchParams> {
  const form = new URLSearchParams({ livekit_url: livekit.url, livekit_token: await roomToken(livekit, room), room_name: room });
  if (preset !== undefined) form.set("avatar_id", preset);
  return form;
}

async function send(
  ask: AskGateway,
  { pool: { namespace, name, token }, livekit }: TestLaunch,
  form: URLSearchParams,
  signal: AbortSignal,
): Promise<RawResponse> {
  const request = { method: "POST", path: `/${namespace}/${name}/launch`, form, token, signal, timeoutMs: LIMIT_MS } as const;
  const response = await ask(request);
  if (response.status < 400) return response;
  const secrets = [form.get("livekit_token") ?? "", livekit.secret, ...(token === undefined ? [] : [token])];
  throw refusedBy("the launch", response, secrets);
}

function forwarded({ headers }: RawResponse, ms: number): LaunchStep {
  const text = (name: string) => String(headers[name] ?? "");
  const [path, worker] = [text("x-avatarpool-path"), text("x-avatarpool-worker")];
  return { name: "forwarded", ms, path, worker, stages: stagesIn(text("server-timing")) };
}

function stagesIn(serverTiming: string): readonly StageTime[] {
  return [...serverTiming.matchAll(/([a-z]+);dur=(\d+)/g)].map(([, name = "", ms]) => ({ name, ms: Number(ms) }));
}

type Started = { readonly name: "running" | "joined"; readonly worker: string };

async function started({ pool, room, livekit }: TestLaunch, { ask, pause, signal }: LaunchTools): Promise<Started> {
  for (let polls = 0; ; polls += 1) {
    signal?.throwIfAborted();
    const { state, worker } = (await sessionsIn(ask, pool, room)).sessions[0] ?? { state: "absent", worker: "" };
    if (state === "running") return { name: "running", worker };
    if (state !== "pending") throw new Error(`the session is ${state}, expected running`);
    // A CPU worker starts to render once an agent and a viewer are in the room, and this room has neither.
    if (await hasAvatar(livekit, room)) return { name: "joined", worker };
    if (polls === MAX_POLLS)
      throw new Error(`worker ${worker} has not joined the room within 60 s: check the URL and the key of LiveKit`);
    await pause();
  }
}

async function roomToken({ key, secret }: Livekit, room: string): Promise<string> {
  const token = new AccessToken(key, secret, { identity: IDENTITY, ttl: "10m" });
  token.addGrant({ roomJoin: true, room, canPublish: true, canSubscribe: true });
  return token.toJwt();
}

async function hasAvatar({ url, key, secret }: Livekit, room: string): Promise<boolean> {
  const client = new RoomServiceClient(url.replace(/^ws/, "http"), key, secret, { requestTimeout: 5, failover: false });
  // LiveKit has no room before its first participant.
  const participants = await client.listParticipants(room).catch(() => []);
  return participants.some(({ identity }) => identity === IDENTITY);
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** A step as one line. */
export function stepLine(step: LaunchStep, pool: string): string {
  switch (step.name) {
    case "forwarded":
      return `launched on pool ${pool} in ${seconds(step.ms)} (${step.path})`;
    case "running":
      return `the session runs on worker ${step.worker}`;
    case "joined":
      return `the avatar of worker ${step.worker} is in the room`;
    case "ended":
      return "the session has ended";
  }
}
