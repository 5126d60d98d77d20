import type { KubeClient } from "../../kube/client.ts";
import { secrets } from "../../kube/resource-types.ts";
import type { KubeObject, ObjectRef } from "../../kube/types.ts";
import { CommandError } from "../exit.ts";
import { isMissingRight, missingRight } from "../rights.ts";
import { textOf } from "../secret-file.ts";

type Secret = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/** The pool as far as its launch tokens are concerned. */
export type AuthPool = KubeObject & {
  readonly spec?: { readonly launch?: { readonly auth?: { readonly secretRef?: { readonly name?: string } } } };
};

/**
 * A launch token of the pool: from a file, else from the Secret of `launch.auth` with the user's own permissions.
 * @returns undefined if the pool requires none: a gateway would send the token to the worker as the maker's secret.
 * @throws Error that says what to do, without a token in it.
 */
export async function launchToken(
  client: Pick<KubeClient, "get">,
  pool: AuthPool,
  file: string | undefined,
): Promise<string | undefined> {
  const name = pool.spec?.launch?.auth?.secretRef?.name;
  if (name === undefined) return undefined;
  if (file !== undefined) return textOf(file, "--token-file");
  const { namespace = "" } = pool.metadata ?? {};
  const secret = await readSecret(client, { namespace, name });
  const [encoded] = Object.entries(secret.data ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);
  const token = Buffer.from(encoded ?? "", "base64")
    .toString("utf8")
    .trim();
  if (token === "") throw new Error(`Secret ${name} in namespace ${namespace} holds no launch token: ${CURE}`);
  return token;
}

const CURE = "give a launch token with --token-file";

async function readSecret(client: Pick<KubeClient, "get">, ref: ObjectRef): Promise<Secret> {
  const of = "the pool requires a launch token, and";
  const secret = await client.get<Secret>(secrets, ref).catch((error: unknown) => {
    throw isMissingRight(error) ? new CommandError(`${of} ${missingRight(error)}, or ${CURE}`, "forbidden") : error;
  });
  if (secret === undefined) throw new Error(`${of} its Secret ${ref.name} is missing in namespace ${ref.namespace}: create it`);
  return secret;
}
