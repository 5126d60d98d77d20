import type { IncomingHttpHeaders } from "node:http";
import { LaunchError } from "../errors.ts";

/** Limit on the fields of a form. A launch has about ten. */
export const MAX_FIELDS = 64;

export type BodyKind = "multipart" | "urlencoded" | "json";

const kinds: ReadonlyMap<string, BodyKind> = new Map([
  ["multipart/form-data", "multipart"],
  ["application/x-www-form-urlencoded", "urlencoded"],
  ["application/json", "json"],
]);

/**
 * The kind of body that the headers announce.
 * @throws LaunchError 415 for an unsupported, compressed or non-UTF-8 body.
 */
export function bodyKind(headers: IncomingHttpHeaders): BodyKind {
  const [type = "", ...parameters] = (headers["content-type"] ?? "").split(";").map((part) => part.trim().toLowerCase());
  const kind = kinds.get(type);
  if (kind === undefined) {
    throw unsupported(
      `send the launch as multipart/form-data (with an image file), application/x-www-form-urlencoded or application/json${type ? `; ${type.slice(0, 100)} is not supported` : ""}`,
    );
  }
  const encoding = headers["content-encoding"]?.trim().toLowerCase() || "identity";
  if (encoding !== "identity") throw unsupported("send the body uncompressed, without Content-Encoding");
  const charset = parameters
    .find((parameter) => parameter.startsWith("charset="))
    ?.slice(8)
    .replaceAll('"', "");
  if (charset !== undefined && !["utf-8", "utf8", "us-ascii"].includes(charset)) throw unsupported("send the body in UTF-8");
  return kind;
}

function unsupported(message: string): LaunchError {
  return new LaunchError(415, "unsupported_media_type", message);
}
