import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { NodeAddresses } from "./network.ts";

export interface ContainerdFiles {
  readonly config: string;
  readonly socket: string;
}

export interface ContainerdSettings {
  /** Folder of the configuration and of everything that ends with the node. */
  readonly folder: string;
  /** Folder of the images, which stay for the next run. */
  readonly images: string;
  readonly node: NodeAddresses;
  /** Reference of the image of the pods' sandboxes, which is imported, because there is no registry. */
  readonly pause: string;
}

export async function writeContainerdConfig(settings: ContainerdSettings): Promise<ContainerdFiles> {
  const { folder, node } = settings;
  const files = { config: path.join(folder, "containerd.toml"), socket: path.join(folder, "containerd.sock") };
  const networks = path.join(folder, "cni");
  await writeFile(files.config, containerdConfig(settings, files.socket, networks));
  await mkdir(networks, { recursive: true });
  await writeFile(path.join(networks, "pods.conflist"), JSON.stringify(podNetwork(folder, node)));
  return files;
}

function containerdConfig({ folder, images, pause }: ContainerdSettings, socket: string, networks: string): string {
  return `version = 3
root = "${images}"
state = "${folder}/containerd-state"

[grpc]
  address = "${socket}"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "${pause}"

[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  disable_hugetlb_controller = true
  # Otherwise, a sandbox needs CAP_SYS_RESOURCE.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "${networks}"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    BinaryName = "/usr/sbin/runc"
    SystemdCgroup = false

[plugins.'io.containerd.nri.v1.nri']
  disable = true
`;
}

/** A bridge in the node's network namespace, and addresses from the node's range. */
function podNetwork(folder: string, { podCidr }: NodeAddresses): object {
  const anywhere = podCidr.includes(":") ? "::/0" : "0.0.0.0/0";
  const bridge = {
    type: "bridge",
    bridge: "cni0",
    isGateway: true,
    // A pod reaches itself by its Service.
    hairpinMode: true,
    ipam: {
      type: "host-local",
      dataDir: path.join(folder, "pod-addresses"),
      ranges: [[{ subnet: podCidr }]],
      routes: [{ dst: anywhere }],
    },
  };
  return { cniVersion: "1.0.0", name: "pods", plugins: [bridge] };
}
