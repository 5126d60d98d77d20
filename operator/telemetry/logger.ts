import { type DestinationStream, type Logger, pino } from "pino";
import { logfmt } from "./logfmt.ts";

export type { Logger } from "pino";

/** Keys whose values are never logged. */
const SECRET_KEY = /^(?:authorization|livekit[-_]?token|api[-_]?secret|token|secret|password)$/i;
/** Log lines are written in batches: at this size or this age, and at the end of the process. */
const BATCH_BYTES = 8 * 1024;
const BATCH_MS = 100;
/** The product logs nothing deeper. The fields of an error may be deeper. */
const MAX_DEPTH = 8;

export interface LogOptions {
  /** `debug`, `info`, `warn` or `error`. */
  readonly level: string;
  readonly format: "json" | "logfmt";
}

/**
 * One JSON object per line on standard output, or one line of `key=value` pairs. The values of secret keys are removed at every depth, also in the fields of
 * errors: libraries attach requests with their headers.
 * @param log a level, with the format JSON, or both.
 */
export function createLogger(name: string, log: LogOptions | string = "info", destination = standardOutput()): Logger {
  const { level, format } = typeof log === "string" ? { level: log, format: "json" } : log;
  const options = {
    name,
    level,
    base: { name },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: object) => withoutSecrets(fields) as Record<string, unknown>,
      bindings: (fields: object) => withoutSecrets(fields) as Record<string, unknown>,
    },
    serializers: { err: (error: Error) => withoutSecrets(pino.stdSerializers.err(error)) },
  };
  return pino(options, format === "json" ? destination : logfmt(destination));
}

function standardOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: BATCH_BYTES, periodicFlush: BATCH_MS });
}

function withoutSecrets(value: unknown, depth = 0): unknown {
  // The serializer turns errors into fields. Objects with `toJSON` serialize themselves.
  if (typeof value !== "object" || value === null || value instanceof Error || "toJSON" in value) return value;
  if (depth === MAX_DEPTH) return "[too deep]";
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  const fields = Object.entries(value);
  // Fast path: most lines are flat and contain no secret key.
  if (fields.every(([key, item]) => !SECRET_KEY.test(key) && (typeof item !== "object" || item === null))) return value;
  return Object.fromEntries(
    fields.map(([key, item]) => [key, SECRET_KEY.test(key) ? "[redacted]" : withoutSecrets(item, depth + 1)]),
  );
}
