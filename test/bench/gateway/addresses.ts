import { engines } from "../../../operator/engines/index.ts";

export const WORKER_PORT = engines.expression.port;

/** Loopback addresses of `count` workers, none of them 127.0.0.1. */
export function addressesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `127.${100 + (at >> 14)}.${(at >> 7) & 127}.${(at & 127) + 1}`);
}
