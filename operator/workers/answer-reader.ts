import type { WorkerAnswer } from "./answers.ts";

/** Longest answer that is read: a list of a thousand tasks. All others have a few hundred bytes. */
export const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_HEAD_BYTES = 16 * 1024;

const HEAD_END = "\r\n\r\n";

/** How the end of a body is told: by its length, by its last chunk, or by the end of the connection (RFC 9112, 6.3). */
type Framing = { readonly kind: "length"; readonly bytes: number } | { readonly kind: "chunked" } | { readonly kind: "close" };

interface Head {
  readonly status: number;
  readonly contentType: string;
  readonly framing: Framing;
  readonly keepAlive: boolean;
}

/**
 * Reads one HTTP/1.1 answer from the bytes of a connection. An answer that is longer than the limit is cut off there.
 * Errors: what is no HTTP answer throws.
 */
export class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0);
  #head: Head | undefined;
  #keepAlive = false;

  /** Whether any byte of an answer has come. */
  get begun(): boolean {
    return this.#bytes.length > 0 || this.#head !== undefined;
  }

  /** Whether the connection may carry another request once the answer is complete. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** Takes further bytes. @returns the answer when it is complete. */
  push(chunk: Buffer): WorkerAnswer | undefined {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    while (this.#head === undefined) {
      const end = this.#bytes.indexOf(HEAD_END);
      if (end < 0) {
        if (this.#bytes.length > MAX_HEAD_BYTES) throw new Error("the head of the answer does not end");
        return undefined;
      }
      const head = readHead(this.#bytes.toString("latin1", 0, end));
      this.#bytes = this.#bytes.subarray(end + HEAD_END.length);
      // Interim answers (100 Continue, 103 Early Hints) come before the one that counts.
      if (head.status >= 200) this.#head = head;
    }
    return this.#complete(this.#head);
  }

  /** The connection has ended. @returns the answer, where its end was to be told in this way. */
  end(): WorkerAnswer | undefined {
    if (this.#head?.framing.kind !== "close") return undefined;
    return answerOf(this.#head, this.#bytes);
  }

  #complete(head: Head): WorkerAnswer | undefined {
    if (this.#bytes.length >= MAX_ANSWER_BYTES) return answerOf(head, this.#bytes);
    switch (head.framing.kind) {
      case "close":
        return undefined;
      case "length": {
        const { bytes } = head.framing;
        if (this.#bytes.length < bytes) return undefined;
        this.#keepAlive = head.keepAlive && this.#bytes.length === bytes;
        return answerOf(head, this.#bytes.subarray(0, bytes));
      }
      case "chunked": {
        const body = readChunks(this.#bytes);
        if (body === undefined) return undefined;
        this.#keepAlive = head.keepAlive && body.rest === 0;
        return answerOf(head, body.data);
      }
    }
  }
}

function answerOf({ status, contentType }: Head, body: Buffer): WorkerAnswer {
  return { status, contentType, body: body.subarray(0, MAX_ANSWER_BYTES).toString("utf8") };
}

function readHead(text: string): Head {
  const start = /^HTTP\/1\.([01]) (\d{3})(?: .*)?(?:\r\n|$)/.exec(text);
  if (start === null) throw new Error("the answer is no HTTP/1.1");
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
  if (!/^\d{1,15}$/.test(length)) throw new Error("the answer's length is no number");
  return { kind: "length", bytes: Number(length) };
}

/** The joined chunks, and how many bytes follow the last; undefined while the last has not come. */
function readChunks(bytes: Buffer): { readonly data: Buffer; readonly rest: number } | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = /^[0-9a-f]{1,8}/i.exec(bytes.toString("latin1", at, lineEnd))?.[0];
    if (size === undefined) throw new Error("the size of a chunk is no number");
    const from = lineEnd + 2;
    const to = from + Number.parseInt(size, 16);
    if (to + 2 > bytes.length) return undefined;
    if (to === from) return { data: Buffer.concat(parts), rest: bytes.length - to - 2 };
    parts.push(bytes.subarray(from, to));
    at = to + 2;
  }
}
