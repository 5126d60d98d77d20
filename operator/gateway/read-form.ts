import type { Readable } from "node:stream";
import type { ByteBudget } from "./byte-budget.ts";
import { type LaunchForm, MAX_FIELDS } from "./form.ts";
import { LaunchError } from "./launch-error.ts";
import { parseMultipart } from "./multipart.ts";

/** Most that one launch may send: a face image of 10 MB in base64, and some fields. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Text fields alone never come near this. */
const MAX_URLENCODED_BYTES = 1024 * 1024;
/** The form, and how to give its bytes back to the budget when nothing needs it any more. */
export interface HeldForm {
  readonly form: LaunchForm;
  readonly release: () => void;
}

/**
 * Reads the body of a launch. On an error the rest of the body stays unread.
 * @throws LaunchError 400, 413, 415, or 503 when the launches under way hold as much as they may.
 */
export async function readForm(body: Readable, contentType: string | undefined, budget: ByteBudget): Promise<HeldForm> {
  const type = mediaType(contentType);
  const limit = type === "multipart" ? MAX_BODY_BYTES : MAX_URLENCODED_BYTES;
  let held = 0;
  const hold = (bytes: number): void => {
    if (held + bytes > limit) throw tooLarge(limit);
    if (!budget.take(bytes)) throw busy();
    held += bytes;
  };
  const release = (): void => {
    budget.give(held);
    held = 0;
  };
  try {
    const chunks = await collect(body, hold);
    const form = type === "multipart" ? await parseMultipart(chunks, contentType ?? "") : parseUrlencoded(Buffer.concat(chunks));
    return { form, release };
  } catch (error) {
    release();
    throw error;
  }
}

function mediaType(contentType: string | undefined): "multipart" | "urlencoded" {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "multipart/form-data") return "multipart";
  if (type === "application/x-www-form-urlencoded") return "urlencoded";
  throw new LaunchError(
    415,
    "unsupported_media_type",
    `send the launch as a form: multipart/form-data with an image file, application/x-www-form-urlencoded without${type ? `; ${type} is not understood` : ""}`,
  );
}

async function collect(body: Readable, hold: (bytes: number) => void): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  try {
    // Left alone on an error: destroying the body would reset the connection before the answer is out.
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      hold(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    throw new LaunchError(400, "client_gone", "the request ended before its body did", { cause: error });
  }
  return chunks;
}

function parseUrlencoded(body: Buffer): LaunchForm {
  const fields = new Map<string, string>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(body.toString("utf8"))) {
    count += 1;
    if (count > MAX_FIELDS) throw new LaunchError(400, "bad_request", `the form has more than ${MAX_FIELDS} fields`);
    if (!fields.has(name)) fields.set(name, value);
  }
  return { fields, file: undefined };
}

function tooLarge(limit: number): LaunchError {
  return new LaunchError(
    413,
    "too_large",
    `the body is larger than ${limit / 1024 / 1024} MB: send a smaller image, or its URL as avatar_image_url`,
  );
}

function busy(): LaunchError {
  return new LaunchError(503, "gateway_busy", "the launches under way hold as many images as this gateway can keep: try again", {
    retryAfterMs: 1_000,
  });
}
