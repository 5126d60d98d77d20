import { LaunchError } from "../errors.ts";

/** @throws LaunchError 400 if the bytes are not UTF-8. */
export function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new LaunchError(400, "bad_request", "the body is not UTF-8 text", { cause: error });
  }
}
