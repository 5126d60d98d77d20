import { readFile } from "node:fs/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "../runtime/clock.ts";
import type { KubeUser } from "./config.ts";

/** Headers of every request, and TLS options of every new connection. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsMaterial;
}

export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/** Token and certificate files rotate long before they expire, so that a file that is a minute old is still valid. */
const maxAgeMs = 60_000;

/** The credentials of a kubeconfig, read again once a minute and after a 401. */
export class CredentialSource {
  readonly #config: KubeConfig;
  readonly #clock: Clock;
  #cached: { readonly readMs: number; readonly credentials: Promise<Credentials> } | undefined;

  constructor(config: KubeConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** @throws the error of reading a file or running a credential plugin. The next call retries. */
  current(): Promise<Credentials> {
    const nowMs = this.#clock.now();
    if (this.#cached !== undefined && nowMs - this.#cached.readMs < maxAgeMs) return this.#cached.credentials;
    const cached = { readMs: nowMs, credentials: readCredentials(this.#config) };
    this.#cached = cached;
    cached.credentials.catch(() => {
      if (this.#cached === cached) this.expire();
    });
    return cached.credentials;
  }

  /** The server rejected the credentials: the next request reads them again. */
  expire(): void {
    this.#cached = undefined;
  }
}

/** The parts of the https options that client-node fills in. */
type HttpsOptions = TlsMaterial & { headers?: Record<string, string>; auth?: string };

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: HttpsOptions = {};
  const user: KubeUser | null = config.getCurrentUser();
  try {
    await config.applyToHTTPSOptions(options as Parameters<KubeConfig["applyToHTTPSOptions"]>[0]);
  } catch (cause) {
    throw user?.exec ? pluginFailure(user.exec, cause) : cause;
  }
  const { headers = {}, auth, ca, cert, key, rejectUnauthorized, servername } = options;
  const basic = auth === undefined ? {} : { Authorization: `Basic ${Buffer.from(auth).toString("base64")}` };
  const bearer = await readTokenFile(config);
  return {
    headers: { ...basic, ...headers, ...bearer, ...impersonation(user) },
    tls: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      ...(servername !== undefined && { servername }),
    },
  };
}

function pluginFailure(
  { command, installHint }: { readonly command: string; readonly installHint?: string },
  cause: unknown,
): Error {
  const reason = (cause instanceof Error ? cause.message : String(cause)).trim();
  const hint = installHint ? `; ${installHint.trim()}` : "";
  return new Error(`the kubeconfig's credential plugin ${command} failed: ${reason}${hint}`, { cause });
}

function impersonation(user: KubeUser | null): Record<string, string | string[]> {
  const { uid, groups, extra } = user?.impersonate ?? { groups: [], extra: {} };
  return {
    ...(uid && { "Impersonate-Uid": uid }),
    ...(groups.length > 0 && { "Impersonate-Group": [...groups] }),
    ...Object.fromEntries(
      Object.entries(extra).map(([name, values]) => [`Impersonate-Extra-${encodeURIComponent(name.toLowerCase())}`, [...values]]),
    ),
  };
}

/** client-node caches credentials for a minute, so that a 401 would not lead to the new token. */
async function readTokenFile(config: KubeConfig): Promise<Record<string, string>> {
  const file: unknown = config.getCurrentUser()?.authProvider?.config?.tokenFile;
  if (typeof file !== "string") return {};
  return { Authorization: `Bearer ${(await readFile(file, "utf8")).trim()}` };
}

/** Whether connections with either set of credentials are interchangeable. */
export function sameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  if (a === b) return true;
  return fields.every((field) => String(a[field] ?? "") === String(b[field] ?? ""));
}

const fields = ["ca", "cert", "key", "rejectUnauthorized", "servername"] as const;
