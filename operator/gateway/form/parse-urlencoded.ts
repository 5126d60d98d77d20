import { LaunchError } from "../launch/launch-error.ts";
import { type LaunchForm, MAX_FIELDS } from "./form.ts";
import { utf8 } from "./utf8.ts";

/** @throws LaunchError 400. */
export function parseUrlencoded(body: Buffer): LaunchForm {
  const fields = new Map<string, string>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(utf8(body))) {
    count += 1;
    if (count > MAX_FIELDS) throw new LaunchError(400, "bad_request", `the form has more than ${MAX_FIELDS} fields`);
    if (!fields.has(name)) fields.set(name, value);
  }
  return { fields, file: undefined };
}
