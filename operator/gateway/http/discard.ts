import type { Readable } from "node:stream";

/** Limit on the bytes of an unwanted body. The connection of a client that sends more is closed. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/**
 * Reads and drops the rest of a body. If the connection closed while the client still sends, the client would see a reset instead
 * of the error message.
 */
export async function discard(body: Readable): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_DISCARDED_BYTES) body.destroy();
    }
  } catch {
    // The client closed the connection and does not read the answer.
  }
}
