import { ByteCollector } from "../runtime/byte-collector.ts";
import type { WorkerAnswer } from "./answers.ts";
import { ChunkReader } from "./chunk-reader.ts";

/** Maximum size of an answer: a list of a thousand tasks. Other answers have a few hundred bytes. */
export const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_HEAD_BYTES = 16 * 1024;

/** The same with chunk framing, which adds five bytes to a chunk of one byte. */
const MAX_FRAMED_BYTES = 8 * MAX_ANSWER_BYTES;

const NOTHING: Buffer = Buffer.alloc(0);
const HEAD_END = "\r\n\r\n";

/** What ends a body: its length, its last chunk, or the end of the connection (RFC 9112, 6.3). */
type Framing = { readonly kind: "length"; readonly bytes: number } | { readonly kind: "chunked" } | { readonly kind: "close" };

interface Head {
  readonly status: number;
  readonly contentType: string;
  readonly framing: Framing;
  readonly keepAlive: boolean;
}

/**
 * Reads one HTTP/1.1 answer from the bytes of a connection in linear time, however they are split. An answer beyond the limit is
 * truncated. Bytes that are not an HTTP answer throw an error.
 */
export class AnswerReader {
  #start = new ByteCollector();
  readonly #body = new ByteCollector();
  readonly #chunks = new ChunkReader(this.#body);
  #head: Head | undefined;
  #begun = false;
  #keepAlive = false;
  /** Bytes of the body as received, with chunk framing. */
  #bodyBytes = 0;

  /** Whether any byte of an answer has arrived. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Whether the connection can carry another request after this answer. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** Adds bytes. @returns the answer if it is complete. */
  push(chunk: Buffer): WorkerAnswer | undefined {
    this.#begun ||= chunk.length > 0;
    if (this.#head !== undefined) return this.#take(this.#head, chunk);
    const rest = this.#readHeads(chunk);
    return this.#head === undefined ? undefined : this.#take(this.#head, rest);
  }

  /** The connection has ended. @returns the answer if the end of the connection completes it. */
  end(): WorkerAnswer | undefined {
    if (this.#head?.framing.kind !== "close") return undefined;
    return answerOf(this.#head, this.#body.bytes);
  }

  /** Reads the final head after interim answers (100 Continue, 103 Early Hints). @returns the bytes after it. */
  #readHeads(chunk: Buffer): Buffer {
    // The end of the head may have begun in the previous bytes.
    let from = Math.max(0, this.#start.length - HEAD_END.length + 1);
    this.#start.push(chunk);
    for (;;) {
      const bytes = this.#start.bytes;
      const end = bytes.indexOf(HEAD_END, from);
      if (end < 0) {
        if (bytes.length > MAX_HEAD_BYTES) throw new Error("the head of the answer is too long");
        return NOTHING;
      }
      const head = readHead(bytes.toString("latin1", 0, end));
      const rest = bytes.subarray(end + HEAD_END.length);
      this.#start = new ByteCollector();
      if (head.status >= 200) {
        this.#head = head;
        return rest;
      }
      this.#start.push(rest);
      from = 0;
    }
  }

  #take(head: Head, chunk: Buffer): WorkerAnswer | undefined {
    this.#bodyBytes += chunk.length;
    const rest = this.#addToBody(head.framing, chunk);
    if (this.#body.length >= MAX_ANSWER_BYTES || this.#bodyBytes >= MAX_FRAMED_BYTES) return answerOf(head, this.#body.bytes);
    if (rest === undefined) return undefined;
    this.#keepAlive = head.keepAlive && rest === 0;
    return answerOf(head, this.#body.bytes);
  }

  /** @returns the number of bytes after the end of the body; undefined before the end. */
  #addToBody(framing: Framing, chunk: Buffer): number | undefined {
    switch (framing.kind) {
      case "chunked":
        return this.#chunks.push(chunk);
      case "close":
        this.#body.push(chunk);
        return undefined;
      case "length": {
        const rest = Math.max(0, this.#body.length + chunk.length - framing.bytes);
        this.#body.push(chunk.subarray(0, chunk.length - rest));
        return this.#body.length < framing.bytes ? undefined : rest;
      }
    }
  }
}

function answerOf({ status, contentType }: Head, body: Buffer): WorkerAnswer {
  return { status, contentType, body: body.subarray(0, MAX_ANSWER_BYTES).toString("utf8") };
}

function readHead(text: string): Head {
  const start = /^HTTP\/1\.([01]) (\d{3})(?: .*)?(?:\r\n|$)/.exec(text);
  if (start === null) throw new Error("the answer is not HTTP/1.1");
  const status = Number(start[2]);
  return {
    status,
    contentType: /\r\ncontent-type:(.*)/i.exec(text)?.[1]?.trim() ?? "application/octet-stream",
    framing: framingOf(status, text),
    keepAlive: start[1] === "1" && !/\r\nconnection:[ \t]*close[ \t]*(?:\r\n|$)/i.test(text),
  };
}

function framingOf(status: number, head: string): Framing {
  if (status === 204 || status === 304) return { kind: "length", bytes: 0 };
  if (/\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?:\r\n|$)/i.test(head)) return { kind: "chunked" };
  const length = /\r\ncontent-length:(.*)/i.exec(head)?.[1]?.trim();
  if (length === undefined) return { kind: "close" };
  if (!/^\d{1,15}$/.test(length)) throw new Error("the content-length of the answer is not a number");
  return { kind: "length", bytes: Number(length) };
}
