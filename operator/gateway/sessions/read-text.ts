import type { Readable } from "node:stream";
import { LaunchError } from "../launch/launch-error.ts";

/** A webhook is one event: a few kilobytes, most of it metadata and attributes of a participant. */
const MAX_BYTES = 256 * 1024;

/** Reads a small body. @throws LaunchError 413, or 499 when the client closes before its end. */
export async function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Left alone on an error: destroying the body would reset the connection before the answer is out.
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw new LaunchError(413, "too_large", `the body is larger than ${MAX_BYTES / 1024} kB`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    throw new LaunchError(499, "client_gone", "the request ended before its body did", { cause: error });
  }
  return Buffer.concat(chunks).toString("utf8");
}
