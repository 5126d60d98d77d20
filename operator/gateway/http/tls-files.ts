import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Clock } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import type { Logger } from "../../telemetry/logger.ts";

/** Kubernetes itself takes up to a minute to show a pod a changed Secret. */
const LOOK_MS = 10_000;

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Certificate chain and key as PEM text. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** @throws when a file cannot be read, or when the two do not belong together. */
export async function readTlsPair({ certFile, keyFile }: TlsFiles): Promise<TlsPair> {
  const [cert, key] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
  createSecureContext({ cert, key });
  return { cert, key };
}

/**
 * Looks at the files until the signal aborts, and passes on every new pair. One that is not usable is told to the log, and
 * the old one stays: files that change one after the other do not belong together for a moment.
 */
export async function followTlsFiles(
  deps: { readonly clock: Clock; readonly logger: Logger },
  files: TlsFiles,
  current: TlsPair,
  use: (pair: TlsPair) => void,
  signal: AbortSignal,
): Promise<void> {
  let used = current;
  for (;;) {
    await sleep(deps.clock, LOOK_MS, signal);
    if (signal.aborted) return;
    try {
      const pair = await readTlsPair(files);
      if (pair.cert === used.cert && pair.key === used.key) continue;
      use(pair);
      used = pair;
      deps.logger.info({ certFile: files.certFile }, "the TLS certificate was reloaded");
    } catch (error) {
      deps.logger.error(
        { certFile: files.certFile, err: error },
        "the TLS certificate cannot be reloaded: the old one stays in use",
      );
    }
  }
}
