import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Progress } from "./controlplane/index.ts";

/** Debian packages, and the path of the program or file that is used of each. */
const programs = {
  "nginx-light": "/usr/sbin/nginx",
  haproxy: "/usr/sbin/haproxy",
  prometheus: "/usr/bin/prometheus",
  buildah: "/usr/bin/buildah",
  mmdebstrap: "/usr/bin/mmdebstrap",
  runc: "/usr/sbin/runc",
  "containernetworking-plugins": "/usr/lib/cni/bridge",
  iproute2: "/usr/sbin/ip",
  nftables: "/usr/sbin/nft",
  iptables: "/usr/sbin/iptables",
  ipset: "/usr/sbin/ipset",
  openssl: "/usr/bin/openssl",
  procps: "/sbin/sysctl",
  // Not /usr/bin/chromium: that script of Debian adds its own flags.
  chromium: "/usr/lib/chromium/chromium",
  "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
} as const;

export type DebianPackage = keyof typeof programs;

const INSTALL_LIMIT_MS = 180_000;

/**
 * Installs the packages whose programs are missing, if this process is permitted to.
 * @throws Error that lists the packages to install.
 */
export function ensurePackages(packages: readonly DebianPackage[], progress: Progress): void {
  const missing = packages.filter((name) => !existsSync(programs[name]));
  if (missing.length > 0) installPackages(missing, progress);
}

/** @throws Error that states what to install. */
export function installPackages(missing: readonly string[], progress: Progress): void {
  const command = `apt-get install ${missing.join(" ")}`;
  if (process.getuid?.() !== 0) throw new Error(`${missing.join(" and ")} are not installed: run ${command} as root`);
  progress(`installing ${missing.join(" and ")}`);
  try {
    // In runlevel 1, the installation of a service does not start it.
    const env = { ...process.env, RUNLEVEL: "1", DEBIAN_FRONTEND: "noninteractive" };
    const options = { timeout: INSTALL_LIMIT_MS, stdio: "pipe", env } as const;
    execFileSync("apt-get", ["update", "-qq"], options);
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], options);
  } catch (cause) {
    throw new Error(`${missing.join(" and ")} cannot be installed: run ${command}`, { cause });
  }
}

export function programOf(name: DebianPackage): string {
  return programs[name];
}
