import type { ByteCollector } from "../runtime/byte-collector.ts";

const LF = 0x0a;
/** A size has a few digits. Extensions are allowed but rare. */
const MAX_LINE_LENGTH = 256;
/** The line end after the data of a chunk, and after the last chunk. */
const LINE_END_BYTES = 2;

/** Removes the framing of a chunked body (RFC 9112, 7.1) while it arrives. Reads every byte once. */
export class ChunkReader {
  readonly #into: ByteCollector;
  #line = "";
  #state: "size" | "data" | "data-end" | "last" = "size";
  /** Remaining bytes of the data or of a line end. */
  #left = 0;

  constructor(into: ByteCollector) {
    this.#into = into;
  }

  /**
   * @returns the number of bytes after the end of the body; undefined before the end.
   * @throws Error if the size of a chunk is invalid.
   */
  push(bytes: Buffer): number | undefined {
    for (let at = 0; at < bytes.length; ) {
      if (this.#state === "size") {
        at = this.#readSize(bytes, at);
        continue;
      }
      const to = Math.min(bytes.length, at + this.#left);
      if (this.#state === "data") this.#into.push(bytes.subarray(at, to));
      this.#left -= to - at;
      at = to;
      if (this.#left > 0) return undefined;
      if (this.#state === "last") return bytes.length - at;
      this.#next();
    }
    return undefined;
  }

  #next(): void {
    const isData = this.#state === "data";
    this.#state = isData ? "data-end" : "size";
    this.#left = isData ? LINE_END_BYTES : 0;
  }

  #readSize(bytes: Buffer, from: number): number {
    const lineFeed = bytes.indexOf(LF, from);
    const to = lineFeed < 0 ? bytes.length : lineFeed + 1;
    if (this.#line.length + to - from > MAX_LINE_LENGTH) throw new Error("the size of a chunk is too long");
    this.#line += bytes.toString("latin1", from, to);
    if (!this.#line.endsWith("\r\n")) return to;
    const size = /^[0-9a-f]{1,8}/i.exec(this.#line)?.[0];
    if (size === undefined) throw new Error("the size of a chunk is not a number");
    this.#line = "";
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? "last" : "data";
    if (this.#left === 0) this.#left = LINE_END_BYTES;
    return to;
  }
}
