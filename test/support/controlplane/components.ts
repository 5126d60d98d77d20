import path from "node:path";
import type { Credentials } from "./credentials.ts";

const ETCD_PORT = 2379;
const ETCD_PEER_PORT = 2380;
const API_SERVER_PORT = 6443;

/** Ports of the components on the first address of their network. */
export const COMPONENT_PORTS = [ETCD_PORT, ETCD_PEER_PORT, API_SERVER_PORT];

export function apiServerUrl(address: string): string {
  return `https://${address}:${API_SERVER_PORT}`;
}

export function etcdArgs(folder: string, address: string): string[] {
  const client = `http://${address}:${ETCD_PORT}`;
  const peer = `http://${address}:${ETCD_PEER_PORT}`;
  return [
    `--data-dir=${path.join(folder, "etcd")}`,
    // The data is discarded after the run.
    "--unsafe-no-fsync",
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--log-level=warn",
  ];
}

/** Logs the requests of ServiceAccounts, without bodies. */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    userGroups: ["system:serviceaccounts"]
  - level: None
`;

export interface ApiServerOptions {
  readonly serviceAccounts: boolean;
  readonly audit: { readonly policyFile: string; readonly logFile: string } | undefined;
}

export function apiServerArgs(address: string, credentials: Credentials, { serviceAccounts, audit }: ApiServerOptions): string[] {
  return [
    `--etcd-servers=http://${address}:${ETCD_PORT}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--secure-port=${API_SERVER_PORT}`,
    `--cert-dir=${credentials.certificateFolder}`,
    `--token-auth-file=${credentials.tokenFile}`,
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${credentials.signingKeyFile}`,
    `--service-account-key-file=${credentials.verifyKeyFile}`,
    "--service-cluster-ip-range=10.96.0.0/12",
    // It would write a loopback address into an EndpointSlice, which the API rejects.
    "--endpoint-reconciler-type=none",
    // This plugin requires the default ServiceAccount for every pod. Without a controller manager it does not exist.
    ...(serviceAccounts ? [] : ["--disable-admission-plugins=ServiceAccount"]),
    ...(audit === undefined ? [] : [`--audit-policy-file=${audit.policyFile}`, `--audit-log-path=${audit.logFile}`]),
  ];
}

export function controllerManagerArgs(kubeconfig: string, credentials: Credentials): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    // The endpoint controllers cannot write the loopback addresses of pods. The others have no task here.
    "--controllers=*,-node-ipam-controller,-persistentvolume-attach-detach-controller,-endpoints-controller,-endpointslice-controller",
    `--root-ca-file=${credentials.authorityFile}`,
    // A suspended machine misses heartbeats; its pods would lose their Ready condition permanently.
    "--node-monitor-grace-period=24h",
    "--leader-elect=false",
    "--secure-port=0",
  ];
}

export function schedulerArgs(kubeconfig: string): string[] {
  return [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0"];
}

export function kwokArgs(kubeconfig: string, address: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    "--manage-all-nodes=true",
    // Pods begin at 127.k.1.1: the components themselves are at 127.k.0.1.
    `--cidr=${address.replace(/\.0\.1$/, ".1.0/16")}`,
    `--node-ip=${address}`,
    `--config=${path.join(import.meta.dirname, "kwok-stages.yaml")}`,
  ];
}
