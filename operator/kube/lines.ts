import { malformed } from "./errors.ts";

/** Objects of an API server have at most a few MB, so that a longer line is not an event. */
const maxLineBytes = 16 * 1024 * 1024;

/**
 * Splits a stream of bytes into complete lines. Bytes after the last newline are dropped: they are half an event.
 * A long line costs one concatenation, whatever its number of chunks.
 * @throws KubeError (`Malformed`) for a line of more than 16 MB.
 */
export async function* completeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      begun.push(chunk.subarray(start, end));
      const line = Buffer.concat(begun).toString("utf8");
      begun = [];
      begunBytes = 0;
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start === chunk.length) continue;
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > maxLineBytes) throw malformed(`the stream has a line of more than ${maxLineBytes} bytes`);
  }
}

const newline = 0x0a;
