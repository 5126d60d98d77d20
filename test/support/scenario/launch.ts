import { randomUUID } from "node:crypto";

/** One launch as a client sends it, and what came of it. */

/** Must never be logged: it admits its owner to the room, and it contains the maker's secret. */
export const ROOM_TOKEN = "t0ken-of-the-room";

export const SECRET_VALUE = "s3cr3t-of-the-maker";

export interface LaunchOptions {
  readonly room?: string;
  /** Session length of the stand-in worker, in its own seconds. */
  readonly sessionSeconds?: number;
  /** Over the usual fields; undefined leaves one out. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
  /** Travels as multipart, as the maker's plugin does with an image. */
  readonly image?: Uint8Array<ArrayBuffer>;
  /** Of the request itself, over the usual ones. */
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
    // A gateway passes on the documented fields alone, so the length travels in one of them.
    prompt: `x_session_seconds=${sessionSeconds}`,
    ...fields,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) form.append(name, value);
  if (image !== undefined) (form as FormData).append("avatar_image", new Blob([image], { type: "image/jpeg" }), "face.jpg");
  return form;
}
