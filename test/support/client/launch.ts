import { type Clock, systemClock } from "../../../operator/runtime/clock.ts";
import { sleep } from "../../../operator/runtime/sleep.ts";

/**
 * Launches like the maker's LiveKit plugin with a custom URL. The form is urlencoded, or multipart if it contains an image
 * file. After any error it retries, with three attempts in total, 2 s apart. Any 2xx is success. There is no response timeout.
 */

export type Avatar = { readonly preset: string } | { readonly imageFile: Uint8Array<ArrayBuffer> };

export interface Launch {
  /** URL of the pool: `http://gateway/{namespace}/{pool}/launch`. */
  readonly url: string;
  readonly roomName: string;
  readonly avatar: Avatar;
  /** Session length on a stand-in worker. A real caller disconnects. */
  readonly sessionSeconds: number;
}

/** One request and its result. `status` 0: no response. */
export interface Try {
  readonly status: number;
  readonly body: string;
}

export interface LaunchOutcome {
  readonly ok: boolean;
  /** In order. The last one determines the result. */
  readonly tries: readonly Try[];
  /** The path by which the gateway obtained a slot, from the response header. */
  readonly path?: string;
  readonly worker?: string;
  readonly taskId?: string;
}

const MAX_TRIES = 3;
const RETRY_INTERVAL_MS = 2_000;

/** Never rejects. When `signal` aborts, it resolves with the attempts so far. */
export async function launch(request: Launch, signal: AbortSignal, clock: Clock = systemClock): Promise<LaunchOutcome> {
  const tries: Try[] = [];
  while (tries.length < MAX_TRIES && !signal.aborted) {
    if (tries.length > 0) await sleep(clock, RETRY_INTERVAL_MS, signal);
    const { headers, ...answer } = await send(request, signal);
    tries.push(answer);
    if (answer.status >= 200 && answer.status < 300) return { ok: true, tries, ...placeOf(headers, answer.body) };
  }
  return { ok: false, tries };
}

async function send(request: Launch, signal: AbortSignal): Promise<Try & { readonly headers: Headers }> {
  try {
    const response = await fetch(request.url, {
      method: "POST",
      headers: { authorization: "Bearer s3cr3t" },
      body: formOf(request),
      signal,
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
  } catch (error) {
    return { status: 0, headers: new Headers(), body: String(error) };
  }
}

function formOf({ avatar, roomName, sessionSeconds }: Launch): URLSearchParams | FormData {
  const form = "preset" in avatar ? new URLSearchParams() : new FormData();
  form.append("livekit_url", "ws://127.0.0.1:7880");
  form.append("livekit_token", `token-of-${roomName}`);
  form.append("room_name", roomName);
  form.append("async_mode", "true");
  // A gateway forwards only documented fields, so one of them contains the length.
  form.append("prompt", `x_session_seconds=${sessionSeconds}`);
  if ("preset" in avatar) form.append("avatar_id", avatar.preset);
  else (form as FormData).append("avatar_image", new Blob([avatar.imageFile], { type: "image/jpeg" }), "face.jpg");
  return form;
}

function placeOf(headers: Headers, body: string): Pick<LaunchOutcome, "path" | "worker" | "taskId"> {
  const path = headers.get("x-avatarpool-path");
  const worker = headers.get("x-avatarpool-worker");
  const taskId = taskIdOf(body);
  return { ...(path && { path }), ...(worker && { worker }), ...(taskId !== undefined && { taskId }) };
}

function taskIdOf(body: string): string | undefined {
  try {
    const { task_id: id }: { readonly task_id?: unknown } = JSON.parse(body);
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}
