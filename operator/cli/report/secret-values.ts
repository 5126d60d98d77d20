import type { KubeClient } from "../../kube/client.ts";
import { secrets } from "../../kube/resource-types.ts";
import type { KubeObject } from "../../kube/types.ts";

/** References to Secrets, wherever they are in a spec. */
const REFERENCE = /^(?:apiSecretRef|secretRef|apiKeyRef|secretKeyRef)$/;
const MAX_SECRETS = 50;

/** Names of the Secrets that an object uses. */
export function secretNames(value: unknown): readonly string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap(secretNames))];
  if (typeof value !== "object" || value === null) return [];
  const found = Object.entries(value).flatMap(([key, item]) => {
    const name: unknown =
      REFERENCE.test(key) && typeof item === "object" && item !== null && "name" in item ? item.name : undefined;
    return typeof name === "string" ? [name] : secretNames(item);
  });
  return [...new Set(found)];
}

/**
 * The values of these Secrets, to remove them from logs and messages. They are never written anywhere.
 * @param onFailure called with each Secret that cannot be read.
 */
export async function secretValues(
  client: Pick<KubeClient, "get">,
  namespace: string,
  names: readonly string[],
  onFailure: (name: string, error: unknown) => void,
): Promise<readonly string[]> {
  const values: string[] = [];
  for (const name of names.slice(0, MAX_SECRETS)) {
    try {
      const secret = await client.get<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(secrets, {
        namespace,
        name,
      });
      for (const encoded of Object.values(secret?.data ?? {})) values.push(Buffer.from(encoded, "base64").toString("utf8").trim());
    } catch (error) {
      onFailure(name, error);
    }
  }
  return values;
}
