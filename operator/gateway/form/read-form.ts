import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { LaunchForm } from "../launch/launch-form.ts";
import { type BodyKind, bodyKind } from "./body-kind.ts";
import type { HeldBody } from "./body-rooms.ts";
import { parseMultipart } from "./multipart.ts";
import { parseJson } from "./parse-json.ts";
import { parseUrlencoded } from "./parse-urlencoded.ts";
import { type BodyTime, readBody } from "./read-body.ts";

/** Text fields alone stay far below this. */
const MAX_URLENCODED_BYTES = 1024 * 1024;

export type RequestBody = Readable & { readonly headers: IncomingHttpHeaders };

/**
 * Reads the body of a launch in any encoding. After an error the rest of the body stays unread.
 * @param held counts the body's bytes; the caller releases it.
 * @throws LaunchError 400, 408, 413, 415, or 503 at the memory limit.
 */
export async function readForm(body: RequestBody, held: HeldBody, time: BodyTime): Promise<LaunchForm> {
  const kind = bodyKind(body.headers);
  const bytes = await readBody(body, held, time, kind === "urlencoded" ? MAX_URLENCODED_BYTES : undefined);
  return parse(kind, bytes, body.headers["content-type"] ?? "");
}

function parse(kind: BodyKind, body: Buffer, contentType: string): LaunchForm {
  switch (kind) {
    case "multipart":
      return parseMultipart(body, contentType);
    case "urlencoded":
      return parseUrlencoded(body);
    case "json":
      return parseJson(body);
  }
}

/** Length of the body by its headers; undefined for a chunked body. Node has checked that it is a number. */
export function announcedLength({ "content-length": length }: IncomingHttpHeaders): number | undefined {
  return length === undefined ? undefined : Number(length);
}
