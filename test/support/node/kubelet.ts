import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { ContainerdFiles } from "./containerd.ts";
import type { NodeAddresses } from "./network.ts";

export interface KubeletSettings {
  readonly name: string;
  readonly folder: string;
  readonly node: NodeAddresses;
  /** Path of the kubeconfig. */
  readonly kubeconfig: string;
  /** Path of the certificate of the API server, which alone may connect. */
  readonly clientCertificate: string;
  /** Cgroup of all pods. */
  readonly cgroup: string;
  /** The kubelet evicts pods when its disk has fewer bytes free. */
  readonly diskPressureBelow: number;
}

/** Writes the configuration. @returns the arguments of the kubelet. */
export async function writeKubeletConfig(settings: KubeletSettings, { socket }: ContainerdFiles): Promise<readonly string[]> {
  const { folder, name, node, kubeconfig } = settings;
  const file = path.join(folder, "kubelet.json");
  await writeFile(path.join(folder, "resolv.conf"), "");
  await writeFile(file, JSON.stringify(kubeletConfig(settings, socket), undefined, 2));
  return [
    `--config=${file}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${name}`,
    `--node-ip=${node.address}`,
    `--root-dir=${path.join(folder, "kubelet")}`,
    `--cert-dir=${path.join(folder, "kubelet-certificates")}`,
  ];
}

function kubeletConfig({ folder, node, cgroup, clientCertificate, diskPressureBelow }: KubeletSettings, socket: string): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${socket}`,
    address: node.address,
    healthzPort: 0,
    readOnlyPort: 0,
    podLogsDir: path.join(folder, "pod-logs"),
    // Nothing resolves names here: everything is reached by its address.
    resolvConf: path.join(folder, "resolv.conf"),
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false }, x509: { clientCAFile: clientCertificate } },
    authorization: { mode: "AlwaysAllow" },
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroup,
    enforceNodeAllocatable: ["none"],
    failCgroupV1: false,
    failSwapOn: false,
    // kube-proxy does this work.
    makeIPTablesUtilChains: false,
    nodeStatusUpdateFrequency: "2s",
    nodeStatusReportFrequency: "10s",
    // Images are imported once: nothing could bring them back.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": String(diskPressureBelow), "nodefs.inodesFree": "1%" },
    evictionPressureTransitionPeriod: "5s",
  };
}
