import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Keys whose values never reach a log, at whatever depth callers usually nest them. */
const secretKeys = ["authorization", "livekitToken", "livekit_token", "apiSecret", "api_secret", "token", "secret", "password"];

/**
 * One JSON object a line on standard output.
 * @param level `debug`, `info`, `warn` or `error`.
 */
export function createLogger(name: string, level = "info", destination?: DestinationStream): Logger {
  const options = {
    name,
    level,
    base: { name },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "[redacted]" },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
