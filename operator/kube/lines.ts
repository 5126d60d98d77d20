import { malformed } from "./errors.ts";

/** Objects of an API server are at most a few MB; a line beyond this is not one of its events. */
const maxLineBytes = 16 * 1024 * 1024;

/**
 * Cuts a stream of bytes into the lines that end in it. What follows the last newline is left out: half an event is none.
 * A long line costs one concatenation, however many chunks it came in.
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
