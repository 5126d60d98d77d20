import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Clock } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import type { Logger } from "../../telemetry/logger.ts";

/** Kubernetes takes up to a minute to update a mounted Secret. */
const CHECK_INTERVAL_MS = 10_000;

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Certificate chain and key as PEM text. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** @throws if a file cannot be read, or if the key does not match the certificate. */
export async function readTlsPair({ certFile, keyFile }: TlsFiles): Promise<TlsPair> {
  const [cert, key] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
  createSecureContext({ cert, key });
  return { cert, key };
}

/**
 * Checks the files until the signal aborts, and passes every new pair to `use`. It logs a pair that does not match and keeps
 * the old one: two files that change one after the other do not match for a moment.
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
    await sleep(deps.clock, CHECK_INTERVAL_MS, signal);
    if (signal.aborted) return;
    try {
      const pair = await readTlsPair(files);
      if (pair.cert === used.cert && pair.key === used.key) continue;
      use(pair);
      used = pair;
      deps.logger.info({ certFile: files.certFile }, "TLS certificate reloaded");
    } catch (error) {
      deps.logger.error(
        { certFile: files.certFile, err: error },
        "failed to reload the TLS certificate; the previous one stays in use",
      );
    }
  }
}
