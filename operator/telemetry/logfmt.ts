import type { DestinationStream } from "pino";

/** A stream that writes lines of JSON as lines of `key=value` pairs to the destination. Nested fields stay JSON. */
export function logfmt(destination: DestinationStream): DestinationStream {
  return { write: (line) => destination.write(`${Object.entries(JSON.parse(line)).map(pair).join(" ")}\n`) };
}

/** A field as `key=value`. */
export function pair([key, value]: readonly [string, unknown]): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined");
  // JSON's quotes and escapes are those of logfmt.
  return `${key}=${/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)}`;
}
