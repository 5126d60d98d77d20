import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { type Cluster, KubeConfig, type User } from "@kubernetes/client-node";
import type { ClusterEntry, Kubeconfig, UserEntry } from "./kubeconfig-file.ts";
import { clusterOf, contextOf, mergeKubeconfigs, parseKubeconfig, userOf } from "./kubeconfig-file.ts";

/** Fields of a user that the library does not read. */
export interface KubeUser extends User {
  readonly impersonate?: {
    readonly uid?: string | undefined;
    readonly groups: readonly string[];
    readonly extra: Readonly<Record<string, readonly string[]>>;
  };
}

/**
 * The given kubeconfig file; without one the files that `$KUBECONFIG` lists, or the pod's own service account where it is unset.
 * @throws when a file cannot be read, or the current context is not usable.
 */
export function loadKubeConfig(file?: string): KubeConfig {
  const files = file === undefined ? listed(process.env.KUBECONFIG) : [file];
  if (files.length > 0) return fromFiles(files, { mustExist: file !== undefined });
  if (process.env.KUBERNETES_SERVICE_HOST) return fromPod();
  throw new Error("no cluster: set KUBECONFIG, or run inside a cluster with a service account");
}

/** kubectl's flags for the kubeconfig and its context. */
export interface KubeconfigFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/**
 * As kubectl finds it: `--kubeconfig`, else the files that `$KUBECONFIG` lists, else `~/.kube/config`, else the pod's own service
 * account.
 * @throws as `loadKubeConfig` does.
 */
export function loadUserKubeConfig({ kubeconfig, context }: KubeconfigFlags = {}): KubeConfig {
  const home = path.join(homedir(), ".kube", "config");
  const fromEnvironment = listed(process.env.KUBECONFIG);
  const files = kubeconfig !== undefined ? [kubeconfig] : fromEnvironment.length > 0 ? fromEnvironment : [home];
  if (kubeconfig === undefined && !files.some(existsSync) && process.env.KUBERNETES_SERVICE_HOST) return fromPod();
  return fromFiles(files, { mustExist: kubeconfig !== undefined, context });
}

/** The default namespace. */
export function namespaceOf(config: KubeConfig): string {
  return config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
}

function fromPod(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}

function listed(value: string | undefined): readonly string[] {
  return [...new Set((value ?? "").split(path.delimiter).filter((file) => file !== ""))];
}

interface FileOptions {
  /** Like kubectl, ignores files of `$KUBECONFIG` that do not exist. */
  readonly mustExist: boolean;
  readonly context?: string | undefined;
}

function fromFiles(files: readonly string[], { mustExist, context }: FileOptions): KubeConfig {
  const there = mustExist ? files : files.filter(existsSync);
  if (there.length === 0) throw new Error(`no cluster: there is no kubeconfig ${files.join(" or ")}; set KUBECONFIG`);
  const config = mergeKubeconfigs(there.map(readKubeconfig));
  const name = context ?? config.currentContext;
  if (name === undefined) {
    const names = [...config.contexts.keys()].join(", ") || "none";
    throw new Error(
      `kubeconfig ${there.join(", ")} has no current-context; set one by kubectl config use-context, or give --context. Contexts: ${names}`,
    );
  }
  return ofContext(config, name);
}

function readKubeconfig(file: string): Kubeconfig {
  try {
    return parseKubeconfig(readFileSync(file, "utf8"), path.resolve(file));
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause)) throw cause;
    throw new Error(`kubeconfig ${file} cannot be read: ${cause.message}`, { cause });
  }
}

/** The library's form of one context, with its cluster and user alone. */
function ofContext(kubeconfig: Kubeconfig, name: string): KubeConfig {
  const { cluster: clusterName, user: userName, namespace } = contextOf(kubeconfig, name);
  const cluster = libraryCluster(clusterName, clusterOf(kubeconfig, clusterName));
  const user = userName ? libraryUser(userName, userOf(kubeconfig, userName), cluster) : { name: "" };
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [cluster],
    users: [user],
    contexts: [{ name, cluster: cluster.name, user: user.name, ...(namespace && { namespace }) }],
    currentContext: name,
  });
  return config;
}

function libraryCluster(name: string, entry: ClusterEntry & { readonly server: string }): Cluster {
  const caData = entry["certificate-authority-data"];
  const caFile = entry["certificate-authority"];
  const skips = entry["insecure-skip-tls-verify"] ?? false;
  const hasTls = skips || caData !== undefined || caFile !== undefined;
  const server = /^https?:\/\//i.test(entry.server) ? entry.server : `${hasTls ? "https" : "http"}://${entry.server}`;
  if (!URL.canParse(server))
    throw new Error(`cluster "${name}" of the kubeconfig has the server "${entry.server}"; it must be a URL`);
  return {
    name,
    server: server.replace(/\/+$/, ""),
    // Without this the library rejects plain HTTP, which kubectl proxy uses. It has no other effect on HTTP.
    skipTLSVerify: skips || /^http:/i.test(server),
    // Like kubectl, inline data takes precedence over a file.
    ...(caData ? { caData } : caFile && { caFile }),
    ...(entry["tls-server-name"] && { tlsServerName: entry["tls-server-name"] }),
    ...(entry["proxy-url"] && { proxyUrl: entry["proxy-url"] }),
  };
}

function libraryUser(name: string, entry: UserEntry, cluster: Cluster): KubeUser {
  const { token, tokenFile, username, password, as, exec } = entry;
  const [certData, certFile] = [entry["client-certificate-data"], entry["client-certificate"]];
  const [keyData, keyFile] = [entry["client-key-data"], entry["client-key"]];
  const provider = tokenFile ? { name: "tokenFile", config: { tokenFile } } : entry["auth-provider"];
  const groups = entry["as-groups"] ?? [];
  const extra = entry["as-user-extra"] ?? {};
  const uid = entry["as-uid"];
  return {
    name,
    ...(certData ? { certData } : certFile && { certFile }),
    ...(keyData ? { keyData } : keyFile && { keyFile }),
    // A token file is read again and takes precedence over an inline token.
    ...(provider && { authProvider: provider }),
    ...(token && !tokenFile && { token }),
    ...(username && { username, password: password ?? "" }),
    ...(as && { impersonateUser: as }),
    ...((uid || groups.length > 0 || Object.keys(extra).length > 0) && { impersonate: { uid, groups, extra } }),
    ...(exec && { exec: libraryExec(exec, cluster) }),
  };
}

/** Adds the environment that kubectl passes to a credential plugin. */
function libraryExec(
  { apiVersion, command, args, env, installHint, provideClusterInfo }: NonNullable<UserEntry["exec"]>,
  cluster: Cluster,
) {
  const { server, caData, skipTLSVerify, tlsServerName, proxyUrl } = cluster;
  const info = {
    server,
    "certificate-authority-data": caData,
    "insecure-skip-tls-verify": skipTLSVerify,
    "tls-server-name": tlsServerName,
    "proxy-url": proxyUrl,
  };
  const execInfo = {
    apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false, ...(provideClusterInfo && { cluster: info }) },
  };
  const variables = [...(env ?? []), { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(execInfo) }];
  return { apiVersion, command, args: args ?? [], env: variables, installHint };
}
