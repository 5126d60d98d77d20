import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { toolPath, until } from "../controlplane/index.ts";
import { freePort } from "../product/free-port.ts";

export const LIVEKIT_KEY = "APItest";
export const LIVEKIT_SECRET = "a-secret-of-more-than-thirty-two-characters";

/** Waits for the end of its input and then ends the server. The input closes when the parent process ends in any way. */
const DIE_WITH_PARENT = 'server=$1; shift; "$server" "$@" </dev/null & cat; kill -9 $!';

export interface LivekitServer extends AsyncDisposable {
  /** `ws://` URL. */
  readonly url: string;
}

/** A real LiveKit server that uses only loopback. It reports the events of rooms to `webhookUrls`. */
export async function startLivekit(...webhookUrls: readonly string[]): Promise<LivekitServer> {
  const server = await toolPath("livekit-server");
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-livekit-"));
  const [port, udpPort] = [await freePort(), await freePort()];
  const config = path.join(folder, "livekit.yaml");
  await writeFile(config, stringify(configuration(port, udpPort, webhookUrls)));
  const child = spawn("sh", ["-c", DIE_WITH_PARENT, "sh", server, "--config", config], { stdio: ["pipe", "ignore", "ignore"] });
  const exited = once(child, "exit");
  await until("livekit-server to answer", 15_000, async () => (await fetch(`http://127.0.0.1:${port}/`)).ok);
  return {
    url: `ws://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

function configuration(port: number, udpPort: number, webhookUrls: readonly string[]) {
  return {
    port,
    bind_addresses: ["127.0.0.1"],
    keys: { [LIVEKIT_KEY]: LIVEKIT_SECRET },
    webhook: { api_key: LIVEKIT_KEY, urls: webhookUrls },
    rtc: {
      // 0: none. A listener would be bound to every address, regardless of bind_addresses.
      tcp_port: 0,
      udp_port: udpPort,
      node_ip: "127.0.0.1",
      use_external_ip: false,
      enable_loopback_candidate: true,
      interfaces: { includes: ["lo"] },
      ips: { includes: ["127.0.0.0/8"] },
      // Otherwise, clients use a public STUN server.
      stun_servers: ["127.0.0.1:3478"],
    },
  };
}
