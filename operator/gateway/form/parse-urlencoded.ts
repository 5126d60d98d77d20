import { LaunchError } from "../errors.ts";
import type { LaunchForm } from "../launch/launch-form.ts";
import { MAX_FIELDS } from "./body-kind.ts";
import { utf8 } from "./utf8.ts";

const AMPERSAND = 0x26;

/**
 * Reads a launch in the urlencoded form. Fields are counted before parsing: half a million fields take seconds.
 * @throws LaunchError 400.
 */
export function parseUrlencoded(body: Buffer): LaunchForm {
  if (hasMoreFields(body, MAX_FIELDS)) throw new LaunchError(400, "bad_request", `the form has more than ${MAX_FIELDS} fields`);
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(utf8(body))) if (!fields.has(name)) fields.set(name, value);
  return { fields, file: undefined };
}

/** Stops at the first field above the limit. */
function hasMoreFields(body: Buffer, most: number): boolean {
  let at = -1;
  for (let count = 0; count < most; count += 1) {
    at = body.indexOf(AMPERSAND, at + 1);
    if (at < 0) return false;
  }
  return true;
}
