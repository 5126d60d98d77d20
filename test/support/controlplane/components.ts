import path from "node:path";
import { httpOrigin } from "../../../operator/api/http-origin.ts";
import type { Credentials } from "./credentials.ts";

const ETCD_PORT = 2379;
const ETCD_PEER_PORT = 2380;
const API_SERVER_PORT = 6443;

/** Ports of the components on the first address of their network. */
export const COMPONENT_PORTS = [ETCD_PORT, ETCD_PEER_PORT, API_SERVER_PORT];

export function apiServerUrl(address: string): string {
  return httpOrigin(address, API_SERVER_PORT).replace("http", "https");
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
  /** Address of etcd. */
  readonly etcd: string;
  readonly serviceAccounts: boolean;
  readonly audit: { readonly policyFile: string; readonly logFile: string } | undefined;
}

export function apiServerArgs(address: string, credentials: Credentials, options: ApiServerOptions): string[] {
  const { etcd, serviceAccounts, audit } = options;
  return [
    `--etcd-servers=http://${etcd}:${ETCD_PORT}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--secure-port=${API_SERVER_PORT}`,
    `--cert-dir=${credentials.certificateFolder}`,
    `--token-auth-file=${credentials.tokenFile}`,
    "--authorization-mode=Node,RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${credentials.signingKeyFile}`,
    `--service-account-key-file=${credentials.verifyKeyFile}`,
    `--service-cluster-ip-range=${address.includes(":") ? "fd00:10:96::/108" : "10.96.0.0/12"}`,
    ...(credentials.kubeletClient === undefined ? simulatedNodes : realNodes(credentials.kubeletClient)),
    // This plugin requires the default ServiceAccount for every pod. Without a controller manager it does not exist.
    ...(serviceAccounts ? [] : ["--disable-admission-plugins=ServiceAccount"]),
    ...(audit === undefined ? [] : [`--audit-policy-file=${audit.policyFile}`, `--audit-log-path=${audit.logFile}`]),
  ];
}

const simulatedNodes = [
  // It would write a loopback address into an EndpointSlice, which the API rejects.
  "--endpoint-reconciler-type=none",
];

function realNodes({ certificateFile, keyFile }: NonNullable<Credentials["kubeletClient"]>): string[] {
  return [
    "--enable-admission-plugins=NodeRestriction",
    `--kubelet-client-certificate=${certificateFile}`,
    `--kubelet-client-key=${keyFile}`,
    "--kubelet-preferred-address-types=InternalIP",
    // A lost node's pods are deleted after this time, which is 300 s by default.
    "--default-not-ready-toleration-seconds=20",
    "--default-unreachable-toleration-seconds=20",
  ];
}

export function controllerManagerArgs(kubeconfig: string, credentials: Credentials): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=*,${controllersLeftOut(credentials).join(",")}`,
    `--root-ca-file=${credentials.authorityFile}`,
    `--node-monitor-grace-period=${credentials.kubeletClient === undefined ? SUSPENDED_MACHINE : REAL_NODE_GRACE}`,
    "--leader-elect=false",
    "--secure-port=0",
  ];
}

/** A suspended machine misses heartbeats; its pods would lose their Ready condition permanently. */
const SUSPENDED_MACHINE = "24h";
/** Kubelets renew their Leases every 10 s. */
const REAL_NODE_GRACE = "20s";

/** The endpoint controllers cannot write the loopback addresses of simulated pods. The others have no task here. */
function controllersLeftOut({ kubeletClient }: Credentials): string[] {
  const idle = ["-node-ipam-controller", "-persistentvolume-attach-detach-controller"];
  return kubeletClient === undefined ? [...idle, "-endpoints-controller", "-endpointslice-controller"] : idle;
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
