import { KubeClient } from "../kube/client.ts";
import { loadUserKubeConfig, namespaceOf } from "../kube/config.ts";
import type { ObjectRef } from "../kube/types.ts";
import { type AskOperator, askByUrl, askThroughApiServer } from "./ask-operator.ts";
import { usageError } from "./exit.ts";
import type { NamespaceFlags, OperatorFlags } from "./flags.ts";

export type ClusterFlags = NamespaceFlags & OperatorFlags;

export interface Reached {
  readonly client: KubeClient;
  /** The namespace of `--namespace`, else the kubeconfig's. */
  readonly namespace: string;
}

export interface Cluster extends Reached {
  readonly ask: AskOperator;
}

/** Runs a command against the cluster of the user's kubeconfig. */
export async function withClient<T>(flags: NamespaceFlags, run: (reached: Reached) => Promise<T>): Promise<T> {
  const config = loadUserKubeConfig(flags);
  const client = new KubeClient(config, { userAgent: "avatarpool-cli" });
  try {
    return await run({ client, namespace: flags.namespace ?? namespaceOf(config) });
  } finally {
    await client.close();
  }
}

/** The same for a command that queries the leading operator. */
export async function withCluster<T>(flags: ClusterFlags, run: (cluster: Cluster) => Promise<T>): Promise<T> {
  const { url, operatorNamespace, operatorName } = flags;
  if (url !== undefined && !/^https?:\/\//.test(url)) throw usageError(`--url ${url}: expected http://HOST:PORT of the operator`);
  return withClient(flags, (reached) => {
    const operator = { namespace: operatorNamespace, name: operatorName };
    return run({ ...reached, ask: url === undefined ? askThroughApiServer(reached.client, operator) : askByUrl(url) });
  });
}

export function noSuchPool({ namespace, name }: ObjectRef): Error {
  const cure = "list all pools with kubectl get avp -A, and set the namespace with -n";
  return new Error(`there is no AvatarPool ${name} in namespace ${namespace}: ${cure}`);
}
