import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lineOnStderr } from "../../support/controlplane/index.ts";
import { type DebianPackage, ensurePackages, programOf } from "../../support/debian.ts";
import { freePort } from "../../support/product/free-port.ts";
import { addressesOf, WORKER_PORT } from "./addresses.ts";

const START_LIMIT_MS = 10_000;

export interface Proxy extends AsyncDisposable {
  /** The worker process of the proxy. */
  readonly pid: number;
  readonly host: string;
  readonly port: number;
}

interface Kind {
  readonly packageName: DebianPackage;
  readonly config: (port: number, folder: string, workers: readonly string[]) => string;
  readonly args: (file: string, folder: string) => readonly string[];
}

/** Each proxy is one round-robin process with keep-alive connections on both sides and bodies of this size in memory. */
const kinds = {
  nginx: {
    packageName: "nginx-light",
    config: nginxConfig,
    args: (file, folder) => ["-p", folder, "-e", path.join(folder, "error.log"), "-c", file],
  },
  haproxy: {
    packageName: "haproxy",
    config: haproxyConfig,
    args: (file) => ["-db", "-q", "-f", file],
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type ProxyKind = keyof typeof kinds;

/** Installs missing proxies if allowed. @returns the reason if a proxy cannot run. */
export function missingProxies(): string | undefined {
  try {
    ensurePackages(
      Object.values(kinds).map(({ packageName }) => packageName),
      lineOnStderr,
    );
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export async function startProxy(kind: ProxyKind, workers: number): Promise<Proxy> {
  const { packageName, config, args }: Kind = kinds[kind];
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-bench-"));
  const port = await freePort();
  const file = path.join(folder, "config");
  await writeFile(file, config(port, folder, addressesOf(workers)));
  const child = spawn(programOf(packageName), args(file, folder), { stdio: ["ignore", "inherit", "inherit"] });
  const exited = once(child, "exit");
  const startedMs = performance.now();
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() - startedMs > START_LIMIT_MS) throw new Error(`${kind} did not start`);
    await sleep(50);
  }
  return {
    pid: child.pid ?? 0,
    host: "127.0.0.1",
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function nginxConfig(port: number, folder: string, workers: readonly string[]): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log ${folder}/access.log;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  client_body_buffer_size 64k;
  keepalive_requests 1000000;
  upstream workers {
    ${workers.map((ip) => `server ${ip}:${WORKER_PORT};`).join("\n    ")}
    keepalive ${workers.length};
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://workers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_next_upstream error timeout http_503 non_idempotent;
    }
  }
}
`;
}

function haproxyConfig(port: number, _folder: string, workers: readonly string[]): string {
  return `global
  nbthread 1
  maxconn 4096
  tune.bufsize 65536
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  retry-on conn-failure empty-response 503
  retries 3
frontend launches
  bind 127.0.0.1:${port}
  default_backend workers
backend workers
  balance roundrobin
  ${workers.map((ip, at) => `server w${at} ${ip}:${WORKER_PORT}`).join("\n  ")}
`;
}
