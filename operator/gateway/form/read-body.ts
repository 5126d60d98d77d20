import type { Readable } from "node:stream";
import { ByteCollector } from "../../runtime/byte-collector.ts";
import type { Clock } from "../../runtime/clock.ts";
import { LaunchError } from "../errors.ts";
import type { HeldBody } from "./body-rooms.ts";

/** Minimum bytes of an incomplete body per interval: 4 kB/s, the rate of a poor mobile connection. */
const PACE_MS = 10_000;
const PACE_BYTES = 40 * 1024;

export interface BodyTime {
  readonly clock: Clock;
  /** Longest time for a body to arrive. */
  readonly timeoutMs: number;
}

/**
 * Reads a body to its end and counts its bytes against the memory limits. After an error the rest stays unread: to destroy the
 * body would reset the connection before the answer.
 * @param mostBytes size limit for this kind of body.
 * @throws LaunchError 408, 413, 499, or 503 at the memory limit.
 */
export function readBody(
  body: Readable,
  held: HeldBody,
  { clock, timeoutMs }: BodyTime,
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const bytes = new ByteCollector(held.announced);
    const beganMs = clock.now();
    let atLastLook = 0;
    const stop = (): void => {
      body.off("data", take).off("end", end).off("error", gone).off("close", gone).pause();
      timer.cancel();
    };
    const fail = (error: unknown): void => {
      stop();
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      try {
        if (bytes.length + chunk.length > mostBytes) throw tooLarge(mostBytes);
        held.take(chunk.length);
        bytes.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const end = (): void => {
      stop();
      resolve(bytes.bytes);
    };
    const gone = (cause?: Error): void =>
      fail(new LaunchError(499, "client_gone", "the request ended before its body was complete", { cause }));
    const look = (): void => {
      const leftMs = beganMs + timeoutMs - clock.now();
      const isSlow = leftMs <= 0 || bytes.length - atLastLook < PACE_BYTES;
      if (isSlow) fail(tooSlow(timeoutMs));
      else timer = clock.schedule(Math.min(PACE_MS, leftMs), look);
      atLastLook = bytes.length;
    };
    let timer = clock.schedule(Math.min(PACE_MS, timeoutMs), look);
    body.on("data", take).once("end", end).once("error", gone).once("close", gone);
    if (body.destroyed) gone();
  });
}

function tooLarge(mostBytes: number): LaunchError {
  return new LaunchError(413, "too_large", `the body is larger than ${mostBytes / 1024} kB, the limit for its content type`);
}

function tooSlow(timeoutMs: number): LaunchError {
  const pace = `${PACE_BYTES / 1024} kB per ${PACE_MS / 1_000} s, and the whole body within ${timeoutMs / 1_000} s`;
  const message = `the body arrives too slowly: the minimum is ${pace}; send a smaller image, or its URL as avatar_image_url`;
  return new LaunchError(408, "slow_request", message);
}
