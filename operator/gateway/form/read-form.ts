import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { Clock } from "../../runtime/clock.ts";
import { LaunchError } from "../launch/launch-error.ts";
import { type BodyKind, bodyKind } from "./body-kind.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { LaunchForm } from "./form.ts";
import { parseMultipart } from "./multipart.ts";
import { parseJson } from "./parse-json.ts";
import { parseUrlencoded } from "./parse-urlencoded.ts";

/** Text fields alone never come near this. */
const MAX_URLENCODED_BYTES = 1024 * 1024;

export interface ReadLimits {
  readonly clock: Clock;
  /** What all launches together may hold. */
  readonly budget: ByteBudget;
  /** Most that one launch may send: a face image, in JSON a third larger for base64, and some fields. */
  readonly bodyBytes: number;
  /** Longest that a body may take to arrive. */
  readonly timeoutMs: number;
}

/** The form, and how to give its bytes back to the budget when nothing needs it any more. */
export interface HeldForm {
  readonly form: LaunchForm;
  readonly release: () => void;
}

/** A request as far as its body is concerned. */
export type RequestBody = Readable & { readonly headers: IncomingHttpHeaders };

/**
 * Reads the body of a launch, whatever its dialect. On an error the rest of the body stays unread.
 * @throws LaunchError 400, 408, 413, 415, or 503 when the launches under way hold as much as they may.
 */
export async function readForm(body: RequestBody, limits: ReadLimits): Promise<HeldForm> {
  const { budget } = limits;
  const kind = bodyKind(body.headers);
  const most = kind === "urlencoded" ? Math.min(MAX_URLENCODED_BYTES, limits.bodyBytes) : limits.bodyBytes;
  let held = 0;
  const hold = (bytes: number): void => {
    if (held + bytes > most) throw tooLarge(most);
    if (!budget.take(bytes)) throw busy();
    held += bytes;
  };
  const release = (): void => {
    budget.give(held);
    held = 0;
  };
  try {
    const chunks = await collect(body, hold, limits);
    const [only, ...more] = chunks;
    const whole = only !== undefined && more.length === 0 ? only : Buffer.concat(chunks);
    return { form: parse(kind, whole, body.headers["content-type"] ?? ""), release };
  } catch (error) {
    release();
    throw error;
  }
}

function parse(kind: BodyKind, body: Buffer, contentType: string): LaunchForm {
  switch (kind) {
    case "multipart":
      return parseMultipart(body, contentType);
    case "urlencoded":
      return parseUrlencoded(body);
    case "json":
      return parseJson(body);
  }
}

/** Reads to the end. Where that fails the rest is left alone: destroying the body would reset the connection before the answer. */
function collect(body: Readable, hold: (bytes: number) => void, { clock, timeoutMs }: ReadLimits): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const stop = (): void => {
      body.off("data", take).off("end", end).off("error", gone).off("close", gone).pause();
      timer.cancel();
    };
    const take = (chunk: Buffer): void => {
      try {
        hold(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        stop();
        reject(error);
      }
    };
    const end = (): void => {
      stop();
      resolve(chunks);
    };
    const gone = (cause?: Error): void => {
      stop();
      reject(new LaunchError(499, "client_gone", "the request ended before its body did", { cause }));
    };
    const timer = clock.schedule(timeoutMs, () => {
      stop();
      reject(tooSlow(timeoutMs));
    });
    body.on("data", take).once("end", end).once("error", gone).once("close", gone);
    if (body.destroyed) gone();
  });
}

function tooLarge(limit: number): LaunchError {
  return new LaunchError(
    413,
    "too_large",
    `the body is larger than ${limit / 1024 / 1024} MB: send a smaller image, or its URL as avatar_image_url`,
  );
}

function tooSlow(timeoutMs: number): LaunchError {
  return new LaunchError(408, "slow_request", `the body did not arrive within ${timeoutMs / 1_000} s: send a smaller image`);
}

function busy(): LaunchError {
  return new LaunchError(503, "gateway_busy", "the launches under way hold as many images as this gateway can keep: try again", {
    retryAfterMs: 1_000,
  });
}
