import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { KubeConfig } from "@kubernetes/client-node";

/**
 * The given kubeconfig file; without one the files that `$KUBECONFIG` lists, or the pod's own service account where it is unset.
 * @throws when the current context names no cluster, or one that is reached through a proxy.
 */
export function loadKubeConfig(file?: string): KubeConfig {
  const config = new KubeConfig();
  if (file !== undefined) config.loadFromFile(file);
  else if (process.env.KUBECONFIG) config.loadFromDefault();
  else if (process.env.KUBERNETES_SERVICE_HOST) config.loadFromCluster();
  else throw new Error("no cluster: set KUBECONFIG, or run inside a cluster with a service account");
  return usable(config);
}

/**
 * As kubectl finds it: the files that `$KUBECONFIG` lists, else `~/.kube/config`, else the pod's own service account.
 * @throws as `loadKubeConfig` does.
 */
export function loadUserKubeConfig(): KubeConfig {
  const file = path.join(homedir(), ".kube", "config");
  return loadKubeConfig(!process.env.KUBECONFIG && existsSync(file) ? file : undefined);
}

/** The namespace that is meant where none is named. */
export function namespaceOf(config: KubeConfig): string {
  return config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
}

function usable(config: KubeConfig): KubeConfig {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`the kubeconfig's current context "${config.getCurrentContext()}" names no cluster`);
  if (cluster.proxyUrl !== undefined)
    throw new Error(`cluster "${cluster.name}" is reached through a proxy, which is not supported`);
  return config;
}
