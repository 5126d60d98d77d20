import { LaunchError } from "../errors.ts";
import type { LaunchForm } from "../launch/launch-form.ts";
import { MAX_FIELDS } from "./body-kind.ts";

/** A prompt or a token is a few kB. */
const MAX_FIELD_BYTES = 256 * 1024;
/** The headers of a part are a line or two. */
const MAX_HEAD_BYTES = 8 * 1024;

/**
 * Parses a whole multipart body (RFC 7578). A library that streams took a fifth of a launch's CPU time: see
 * `docs/decisions/0009-forwarding.md`. The file is a part of the body, not a copy.
 * @throws LaunchError 400 if it is malformed, 413 if a field is too long.
 */
export function parseMultipart(body: Buffer, contentType: string): LaunchForm {
  const boundary = parametersIn(contentType).get("boundary");
  if (boundary === undefined || boundary === "") throw malformed("its Content-Type has no boundary");
  const fields = new Map<string, string>();
  let file: LaunchForm["file"];
  let count = 0;
  for (const { head, data } of partsOf(body, boundary)) {
    count += 1;
    const { name, filename, type } = readHead(head);
    if (count > MAX_FIELDS + 1 || (file !== undefined && filename !== undefined)) {
      throw refusal(`the form has too many parts: one file and at most ${MAX_FIELDS} fields`);
    }
    if (name === undefined) continue;
    if (filename !== undefined) {
      file = { field: name, filename: filename || "avatar", contentType: type, data };
      continue;
    }
    if (data.length > MAX_FIELD_BYTES) {
      throw new LaunchError(413, "too_large", `${name} is longer than 256 kB`, { field: name });
    }
    if (!fields.has(name)) fields.set(name, data.toString());
  }
  return { fields, file };
}

interface Part {
  readonly head: string;
  readonly data: Buffer;
}

/** The parts between the delimiters. The bytes before the first and after the last are ignored (RFC 2046, 5.1.1). */
function* partsOf(body: Buffer, boundary: string): Iterable<Part> {
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  const isFirst = body.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2));
  let at = isFirst ? -2 : body.indexOf(delimiter);
  if (!isFirst && at < 0) throw malformed("the boundary of its Content-Type does not occur in the body");
  for (;;) {
    at += delimiter.length;
    if (body[at] === DASH && body[at + 1] === DASH) return;
    while (body[at] === SPACE || body[at] === TAB) at += 1;
    const headEnd = body.indexOf("\r\n\r\n", at);
    if (body[at] !== CR || body[at + 1] !== LF || headEnd < 0 || headEnd - at > MAX_HEAD_BYTES) {
      throw malformed("a part has no complete header");
    }
    const end = body.indexOf(delimiter, headEnd + 2);
    if (end < 0) throw malformed("it ends inside a part");
    yield { head: body.toString("utf8", at + 2, headEnd), data: body.subarray(headEnd + 4, Math.max(headEnd + 4, end)) };
    at = end;
  }
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DASH = 0x2d;

function readHead(head: string) {
  const disposition = /^content-disposition:[ \t]*form-data[ \t]*(;.*)?$/im.exec(head)?.[1] ?? "";
  const type = /^content-type:[ \t]*([^\s;]+)/im.exec(head)?.[1]?.toLowerCase() ?? "";
  const parameters = parametersIn(disposition);
  const isFile = parameters.has("filename") || parameters.has("filename*") || type === OCTETS;
  return {
    name: parameters.get("name"),
    /** Content type of a file; empty unless it is plain text. */
    filename: isFile ? (parameters.get("filename") ?? "") : undefined,
    // It becomes part of a header of the worker's form, so only plain types pass.
    type: /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(type) ? type : OCTETS,
  };
}

const OCTETS = "application/octet-stream";

/** The parameters of a header's value, by their names in lower case: `; name="value"`. */
function parametersIn(value: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  const parameter = /;[ \t]*([\w.*-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;
  for (let found = parameter.exec(value); found !== null; found = parameter.exec(value)) {
    const [, name = "", quoted, plain = ""] = found;
    parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? plain);
  }
  return parameters;
}

function malformed(why: string): LaunchError {
  return refusal(`the multipart body is malformed: ${why}`);
}

function refusal(message: string): LaunchError {
  return new LaunchError(400, "bad_request", message);
}
