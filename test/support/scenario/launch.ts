import { randomUUID } from "node:crypto";

/** One launch as a client sends it, and its result. */

/** Must never be logged: it grants access to the room, and it contains the maker's secret. */
export const ROOM_TOKEN = "t0ken-of-the-room";

export const SECRET_VALUE = "s3cr3t-of-the-maker";

export interface LaunchOptions {
  readonly room?: string;
  /** Session length of the stand-in worker, in its own seconds. */
  readonly sessionSeconds?: number;
  /** Overrides default fields. undefined omits a field. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
  /** An image makes the launch multipart, as in the maker's plugin. */
  readonly image?: Uint8Array<ArrayBuffer>;
  /** Overrides options of the request. */
  readonly request?: RequestInit;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly task_id?: string;
    readonly error?: { readonly code: string; readonly message: string; readonly field?: string };
  };
  readonly worker: string;
  readonly path: string;
}

/** Sends one launch, once. @throws Error without a response. */
export async function launchAt(url: string, options: LaunchOptions): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    body: formOf(options),
    headers: { authorization: `Bearer ${SECRET_VALUE}` },
    ...options.request,
  });
  const { status, headers } = response;
  return {
    status,
    headers,
    body: (await response.json()) as Answer["body"],
    worker: headers.get("x-avatarpool-worker") ?? "",
    path: headers.get("x-avatarpool-path") ?? "",
  };
}

function formOf({
  room = `room-${randomUUID()}`,
  sessionSeconds = 36_000,
  fields = {},
  image,
}: LaunchOptions): URLSearchParams | FormData {
  const form = image === undefined ? new URLSearchParams() : new FormData();
  const all = {
    livekit_url: "ws://livekit.test",
    livekit_token: ROOM_TOKEN,
    room_name: room,
    ...(image === undefined ? { avatar_id: "maya" } : {}),
    // A gateway forwards only the documented fields, so the prompt carries the length.
    prompt: `x_session_seconds=${sessionSeconds}`,
    ...fields,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) form.append(name, value);
  if (image !== undefined) (form as FormData).append("avatar_image", new Blob([image], { type: "image/jpeg" }), "face.jpg");
  return form;
}
