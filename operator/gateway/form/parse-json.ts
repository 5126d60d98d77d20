import { badField, LaunchError } from "../errors.ts";
import type { LaunchForm } from "../launch/launch-form.ts";
import { MAX_FIELDS } from "./body-kind.ts";
import { utf8 } from "./utf8.ts";

/** Outside its strings, a launch has a few hundred bytes. Deep nesting, long numbers and thousands of fields have more. */
const MAX_STRUCTURE_BYTES = 16 * 1024;
/** The longest prompt has 65,536 characters, and each may be an escaped quote. */
const MAX_QUOTES = 128 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads a launch in the JSON form: one flat object whose `image` is a URL or a file in base64.
 * Its structure is measured before it is parsed, so that no body costs more than its bytes.
 * @throws LaunchError 400, or 413 if the structure is too large.
 */
export function parseJson(body: Buffer): LaunchForm {
  if (isIntricate(body)) {
    throw new LaunchError(413, "too_large", "the JSON has too many members, or is nested too deeply: a launch is one flat object");
  }
  const members = Object.entries(objectIn(utf8(body)));
  if (members.length > MAX_FIELDS) throw new LaunchError(400, "bad_request", `the JSON has more than ${MAX_FIELDS} members`);
  const fields = new Map<string, string>();
  let file: LaunchForm["file"];
  for (const [name, value] of members) {
    if (value === null) continue;
    if (name === "image" && typeof value === "string" && value !== "" && !isUrl(value)) file = fileOf(name, value);
    else fields.set(name, textOf(name, value));
  }
  return { fields, file };
}

/** Whether a JSON text has too many bytes outside its strings, or too many quotes. Stops at the first excess. */
function isIntricate(json: Buffer): boolean {
  let structureBytes = 0;
  let quotes = 0;
  let inString = false;
  for (let at = 0; at < json.length; ) {
    const quote = json.indexOf(QUOTE, at);
    const end = quote < 0 ? json.length : quote;
    if (!inString) structureBytes += end - at + 1;
    quotes += 1;
    if (structureBytes > MAX_STRUCTURE_BYTES || quotes > MAX_QUOTES) return true;
    if (!inString || !isEscaped(json, at, end)) inString = !inString;
    at = end + 1;
  }
  return false;
}

/** Whether the character at `at` in a string is escaped: an odd number of backslashes stands before it. */
function isEscaped(json: Buffer, from: number, at: number): boolean {
  let backslashes = 0;
  while (at - backslashes > from && json[at - backslashes - 1] === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function objectIn(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LaunchError(400, "bad_request", "the body is not valid JSON", { cause: error });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new LaunchError(400, "bad_request", 'the JSON must be an object such as {"livekit_url": …, "room_name": …}');
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  throw badField(name, "must be text: put it in quotes");
}

function isUrl(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(value.slice(0, 32));
}

/** A file in base64, by itself or as a `data:` URL: in lines or not, padded or not, in either alphabet. */
function fileOf(field: string, value: string): NonNullable<LaunchForm["file"]> {
  const base64 = withoutPrefix(value).replace(/\s+/g, "");
  const digits = base64.replace(/={1,2}$/, "");
  // A single digit in the last group is less than a byte: the data is truncated.
  if (!/^[A-Za-z0-9+/_-]+$/.test(digits) || digits.length % 4 === 1) {
    throw badField(field, "must be the URL of a face image, or the image in base64");
  }
  const data = Buffer.from(digits, "base64");
  return { field, filename: "avatar", contentType: imageType(data), data };
}

/** A `data:` URL without `;base64` stays whole and is rejected for its colon: its data is percent-encoded text. */
function withoutPrefix(value: string): string {
  const prefix = /^\s*data:[^,]{0,256};\s*base64\s*,/i.exec(value)?.[0] ?? "";
  return value.slice(prefix.length);
}

/** Detected by the first bytes, because JSON carries no content type. */
function imageType(data: Buffer): string {
  const head = data.subarray(0, 12).toString("latin1");
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (head.startsWith("\x89PNG\r\n")) return "image/png";
  if (/^RIFF.{4}WEBP/s.test(head)) return "image/webp";
  return "application/octet-stream";
}
