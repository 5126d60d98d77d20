import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { TimeoutError, until } from "../support/controlplane/index.ts";
import { programOf } from "../support/debian.ts";
import { freePort } from "../support/product/free-port.ts";

const START_LIMIT_MS = 10_000;

export interface Nginx extends AsyncDisposable {
  readonly url: string;
}

/** The configuration in docs/in-front.md. */
export async function documentedConfig(): Promise<string> {
  const page = await readFile(path.join(import.meta.dirname, "..", "..", "docs", "in-front.md"), "utf8");
  const config = /```nginx\n(.*?)```/s.exec(page)?.[1];
  if (config === undefined) throw new Error("docs/in-front.md contains no nginx configuration");
  return config;
}

/** Runs nginx with servers and upstreams of this configuration, in front of the gateway, on a free port of loopback. */
export async function startNginx(config: string, gateway: URL): Promise<Nginx> {
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-nginx-"));
  const port = await freePort();
  const here = config.replace(/server \S+:80;/, `server ${gateway.host};`).replace("listen 80;", `listen 127.0.0.1:${port};`);
  const file = path.join(folder, "nginx.conf");
  await writeFile(file, wholeConfig(folder, here));
  const child = spawn(programOf("nginx-light"), ["-p", folder, "-e", path.join(folder, "error.log"), "-c", file]);
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  try {
    await until("nginx to listen", START_LIMIT_MS, async () => (await fetch(`${url}/openapi.json`)).ok);
  } catch (error) {
    child.kill("SIGKILL");
    if (!(error instanceof TimeoutError)) throw error;
    throw new Error(await readFile(path.join(folder, "error.log"), "utf8"), { cause: error });
  }
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

function wholeConfig(folder: string, servers: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  ${servers}
}
`;
}
