import { KubeClient } from "../kube/client.ts";
import { type KubeconfigFlags, loadUserKubeConfig, namespaceOf } from "../kube/config.ts";
import { isForbidden } from "../kube/errors.ts";
import { avatarPools } from "../kube/resource-types.ts";
import type { KubeObject, ObjectRef } from "../kube/types.ts";
import { type AskOperator, askByUrl, askThroughApiServer } from "./ask-operator.ts";

export interface ClusterFlags extends KubeconfigFlags {
  readonly namespace?: string;
  readonly operatorNamespace: string;
  readonly operatorName: string;
  readonly url?: string;
}

export interface Cluster {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly ask: AskOperator;
}

/** Runs a command against the cluster of the user's kubeconfig. */
export async function withCluster<T>(flags: ClusterFlags, run: (cluster: Cluster) => Promise<T>): Promise<T> {
  if (flags.url !== undefined && !/^https?:\/\//.test(flags.url))
    throw new Error(`--url ${flags.url}: expected http://HOST:PORT of the operator`);
  const config = loadUserKubeConfig(flags);
  const client = new KubeClient(config, { userAgent: "avatarpool-cli" });
  try {
    const ask =
      flags.url === undefined
        ? askThroughApiServer(client, { namespace: flags.operatorNamespace, name: flags.operatorName })
        : askByUrl(flags.url);
    return await run({ client, namespace: flags.namespace ?? namespaceOf(config), ask });
  } finally {
    await client.close();
  }
}

/** @throws Error with a remedy if the user lacks the permission. */
export async function findPool(client: Pick<KubeClient, "get">, ref: ObjectRef): Promise<KubeObject | undefined> {
  try {
    return await client.get(avatarPools, ref);
  } catch (error) {
    if (isForbidden(error))
      throw new Error(`you are not allowed to get avatarpools in namespace ${ref.namespace}: request this permission`);
    throw error;
  }
}

export function noSuchPool({ namespace, name }: ObjectRef): Error {
  const cure = "list all pools with kubectl get avp -A, and set the namespace with -n";
  return new Error(`there is no AvatarPool ${name} in namespace ${namespace}: ${cure}`);
}
