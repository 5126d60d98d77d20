export interface ProxyOptions {
  /** Name of a Node object. */
  readonly name: string;
  /** Path of the kubeconfig. */
  readonly proxyKubeconfig: string;
  /** Contains all pods. */
  readonly clusterCidr: string;
}

/** Services by rules of nftables, in the network namespace in which it runs. */
export function proxyArguments({ name, proxyKubeconfig, clusterCidr }: ProxyOptions): readonly string[] {
  return [
    `--kubeconfig=${proxyKubeconfig}`,
    `--hostname-override=${name}`,
    "--proxy-mode=nftables",
    `--cluster-cidr=${clusterCidr}`,
    "--healthz-bind-address=",
    "--metrics-bind-address=",
    // These are settings of the whole machine.
    "--conntrack-max-per-core=0",
    "--conntrack-tcp-timeout-established=0s",
    "--conntrack-tcp-timeout-close-wait=0s",
  ];
}
