import type { KubeClient } from "../../kube/client.ts";
import { secrets } from "../../kube/resource-types.ts";
import type { KubeObject } from "../../kube/types.ts";
import { CommandError, usageError } from "../exit.ts";
import { isMissingRight, missingRight } from "../rights.ts";
import { textOf } from "../secret-file.ts";
import type { Livekit } from "./test-launch.ts";

export interface LivekitFlags {
  readonly livekitUrl?: string;
  readonly livekitKeyFile?: string;
  readonly livekitSecretFile?: string;
}

/** The pool as far as its LiveKit server is concerned. */
export type LivekitPool = KubeObject & {
  readonly spec?: {
    readonly livekit?: {
      readonly url: string;
      readonly apiKeyRef: { readonly name: string; readonly keyKey?: string; readonly secretKey?: string };
    };
  };
};

type Environment = Readonly<Record<string, string | undefined>>;
type Secret = KubeObject & { readonly data?: Readonly<Record<string, string>> };

const CURE =
  "set --livekit-url or LIVEKIT_URL, and the key and secret as LIVEKIT_API_KEY and LIVEKIT_API_SECRET, or as --livekit-key-file and --livekit-secret-file";

/** The LiveKit server for a test launch: from options and files, the environment, else from `spec.livekit` of the pool. */
export async function livekitOf(
  client: Pick<KubeClient, "get">,
  pool: LivekitPool,
  flags: LivekitFlags,
  env: Environment,
): Promise<Livekit> {
  const { livekit } = pool.spec ?? {};
  const { livekitKeyFile, livekitSecretFile } = flags;
  const url = flags.livekitUrl ?? (env.LIVEKIT_URL || livekit?.url);
  if (url === undefined) throw usageError(`the launch needs a LiveKit server, and the pool has no spec.livekit: ${CURE}`);
  if (!/^wss?:\/\//.test(url)) throw usageError(`the URL of the LiveKit server must be ws:// or wss://: ${CURE}`);
  const key = livekitKeyFile === undefined ? env.LIVEKIT_API_KEY : await textOf(livekitKeyFile, "--livekit-key-file");
  const secret =
    livekitSecretFile === undefined ? env.LIVEKIT_API_SECRET : await textOf(livekitSecretFile, "--livekit-secret-file");
  if (key && secret) return { url, key, secret };
  if (livekit === undefined || url !== livekit.url) throw usageError(`the key of the LiveKit server is unknown: ${CURE}`);
  return { url, ...(await keyInSecret(client, pool.metadata?.namespace ?? "", livekit.apiKeyRef)) };
}

async function keyInSecret(
  client: Pick<KubeClient, "get">,
  namespace: string,
  { name, keyKey = "api-key", secretKey = "api-secret" }: NonNullable<NonNullable<LivekitPool["spec"]>["livekit"]>["apiKeyRef"],
): Promise<Omit<Livekit, "url">> {
  const found = await client.get<Secret>(secrets, { namespace, name }).catch((error: unknown) => {
    throw isMissingRight(error) ? new CommandError(`${missingRight(error)}, or ${CURE}`, "forbidden") : error;
  });
  const value = (field: string) =>
    Buffer.from(found?.data?.[field] ?? "", "base64")
      .toString("utf8")
      .trim();
  const [key, secret] = [value(keyKey), value(secretKey)];
  if (key !== "" && secret !== "") return { key, secret };
  throw new Error(`Secret ${name} in namespace ${namespace} has no ${keyKey} and ${secretKey}: ${CURE}`);
}
