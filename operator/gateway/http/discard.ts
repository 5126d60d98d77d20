import type { Readable } from "node:stream";

/** What is read of a body that nobody wants. A client that sends more is cut off. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/**
 * Reads the rest of a body and forgets it. A client that is still sending when the answer comes and the connection closes
 * sees a reset, and never the sentence that says what to do.
 */
export async function discard(body: Readable): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_DISCARDED_BYTES) body.destroy();
    }
  } catch {
    // The client has gone: nobody waits for the answer.
  }
}
