import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Keys whose values never reach a log. */
const SECRET_KEY = /^(?:authorization|livekit[-_]?token|api[-_]?secret|token|secret|password)$/i;
/** Lines are written together: so much at once, or what there is after so long, and the rest when the process ends. */
const BATCH_BYTES = 8 * 1024;
const BATCH_MS = 100;
/** Nothing that we log is deeper on purpose; an error's own fields may be. */
const MAX_DEPTH = 8;

/**
 * One JSON object a line on standard output. Values under the keys of secrets are left out wherever they are, also in the
 * fields of errors: libraries attach requests with their headers.
 * @param level `debug`, `info`, `warn` or `error`.
 */
export function createLogger(name: string, level = "info", destination: DestinationStream = standardOutput()): Logger {
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
  return pino(options, destination);
}

function standardOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: BATCH_BYTES, periodicFlush: BATCH_MS });
}

function withoutSecrets(value: unknown, depth = 0): unknown {
  // Errors are made into fields by their serializer, other objects with a JSON form of their own by that.
  if (typeof value !== "object" || value === null || value instanceof Error || "toJSON" in value) return value;
  if (depth === MAX_DEPTH) return "[too deep]";
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  const fields = Object.entries(value);
  // Most lines are flat and hide nothing: they are written as they are.
  if (fields.every(([key, item]) => !SECRET_KEY.test(key) && (typeof item !== "object" || item === null))) return value;
  return Object.fromEntries(
    fields.map(([key, item]) => [key, SECRET_KEY.test(key) ? "[redacted]" : withoutSecrets(item, depth + 1)]),
  );
}
