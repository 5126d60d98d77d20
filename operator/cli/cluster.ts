import { KubeClient } from "../kube/client.ts";
import { loadUserKubeConfig, namespaceOf } from "../kube/config.ts";
import type { ObjectRef } from "../kube/types.ts";
import { type AskOperator, askByUrl, askThroughApiServer } from "./ask-operator.ts";
import { usageError } from "./exit.ts";
import type { NamespaceFlags, OperatorFlags } from "./flags.ts";

export type ClusterFlags = NamespaceFlags & OperatorFlags;

export interface Cluster {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly ask: AskOperator;
}

/** Runs a command against the cluster of the user's kubeconfig. */
export async function withCluster<T>(flags: ClusterFlags, run: (cluster: Cluster) => Promise<T>): Promise<T> {
  if (flags.url !== undefined && !/^https?:\/\//.test(flags.url))
    throw usageError(`--url ${flags.url}: expected http://HOST:PORT of the operator`);
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

export function noSuchPool({ namespace, name }: ObjectRef): Error {
  const cure = "list all pools with kubectl get avp -A, and set the namespace with -n";
  return new Error(`there is no AvatarPool ${name} in namespace ${namespace}: ${cure}`);
}
