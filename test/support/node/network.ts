import { run, runChecked } from "../controlplane/run.ts";
import { endProcess } from "./cgroups.ts";

export type IpFamily = "IPv4" | "IPv6";

/** Where a node is, in its own network namespace. */
export interface NodeAddresses {
  /** Name of the network namespace. */
  readonly namespace: string;
  readonly address: string;
  readonly podCidr: string;
}

/** Address of the control plane, of the LiveKit server and of the callers, which nodes and pods can reach. */
export const CONTROL_PLANE_ADDRESS: Readonly<Record<IpFamily, string>> = { IPv4: "10.77.0.1", IPv6: "fd00:10:77::1" };

/** The tests, as peers of a NetworkPolicy. */
export const observers = Object.values(CONTROL_PLANE_ADDRESS).map((address) => ({
  ipBlock: { cidr: `${address}/${address.includes(":") ? 128 : 32}` },
}));

/** Contains the pods of all nodes. */
export const CLUSTER_CIDR: Readonly<Record<IpFamily, string>> = { IPv4: "10.88.0.0/16", IPv6: "fd00:10:88::/48" };

/** @param index 0 to 9. */
export function nodeAddresses(family: IpFamily, index: number): NodeAddresses {
  const namespace = `node-${index}`;
  if (family === "IPv4") return { namespace, address: `10.77.0.1${index}`, podCidr: `10.88.${index}.0/24` };
  return { namespace, address: `fd00:10:77::1${index}`, podCidr: `fd00:10:88:${index}::/64` };
}

/** Connects a new network namespace to the control plane's network, which is the router of all pods. */
export async function addNodeNetwork({ namespace, address, podCidr }: NodeAddresses): Promise<void> {
  const link = `to-${namespace}`;
  const prefix = address.includes(":") ? "64" : "24";
  await ip("netns", "add", namespace);
  await ip("link", "add", link, "master", "net0", "type", "veth", "peer", "name", "eth0", "netns", namespace);
  await ip("link", "set", link, "up");
  await ip("-n", namespace, "link", "set", "lo", "up");
  await ip("-n", namespace, "link", "set", "eth0", "up");
  await ip("-n", namespace, "address", "add", `${address}/${prefix}`, "dev", "eth0", ...(prefix === "64" ? ["nodad"] : []));
  const gateway = address.includes(":") ? CONTROL_PLANE_ADDRESS.IPv6 : CONTROL_PLANE_ADDRESS.IPv4;
  await ip("-n", namespace, "route", "add", "default", "via", gateway);
  await ip("route", "replace", podCidr, "via", address);
  // From an earlier machine of the address that was lost.
  await run("ip", ["neighbour", "delete", address, "dev", "net0"], { env: process.env });
  for (const [key, value] of FORWARDING) await inNode(namespace, "sysctl", "-qw", `${key}=${value}`);
}

/** Cuts or repairs the node's cable. Packets to and from it are lost meanwhile. */
export async function setNodeLink({ namespace }: NodeAddresses, state: "up" | "down"): Promise<void> {
  await ip("link", "set", `to-${namespace}`, state);
}

/** What is sent to the node or its pods from now on gets no answer, as with a machine without power. */
export async function removeNodeNetwork({ namespace, address }: NodeAddresses): Promise<void> {
  await ip("link", "delete", `to-${namespace}`);
  await ip("netns", "delete", namespace);
  await ip("neighbour", "replace", address, "lladdr", "02:00:00:00:00:01", "dev", "net0", "nud", "permanent");
}

/** SIGKILL to all processes in the node's network, but not to those in its pods. */
export async function endProcessesOf({ namespace }: NodeAddresses): Promise<void> {
  const pids = await runChecked("ip", ["netns", "pids", namespace], "install iproute2");
  for (const pid of pids.split("\n").filter(Boolean)) endProcess(Number(pid));
}

/** Command line of a program in a node's network. It has the same process id. */
export function inNetworkOf({ namespace }: NodeAddresses, command: string, args: readonly string[]): [string, readonly string[]] {
  return ["nsenter", [`--net=/run/netns/${namespace}`, "--", command, ...args]];
}

const FORWARDING = [
  ["net.ipv4.ip_forward", 1],
  ["net.ipv6.conf.all.forwarding", 1],
  // Packets between the pods of a node pass the rules of Services and NetworkPolicies.
  ["net.bridge.bridge-nf-call-iptables", 1],
  ["net.bridge.bridge-nf-call-ip6tables", 1],
] as const;

async function ip(...args: readonly string[]): Promise<void> {
  await runChecked("ip", args, "install iproute2");
}

async function inNode(namespace: string, ...command: readonly string[]): Promise<void> {
  await runChecked("ip", ["netns", "exec", namespace, ...command], "install iproute2 and procps");
}
