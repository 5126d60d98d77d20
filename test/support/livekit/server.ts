import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { httpOrigin } from "../../../operator/api/http-origin.ts";
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

export interface LivekitOptions {
  /** It reports the events of rooms to these. */
  readonly webhookUrls?: readonly string[];
  /** Where it listens. Default: loopback. */
  readonly network?: { readonly address: string; readonly interface: string };
}

const LOOPBACK = { address: "127.0.0.1", interface: "lo" };

/** A real LiveKit server that uses one network interface only. */
export async function startLivekit({ webhookUrls = [], network = LOOPBACK }: LivekitOptions = {}): Promise<LivekitServer> {
  const server = await toolPath("livekit-server");
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-livekit-"));
  const [port, udpPort] = [await freePort(), await freePort()];
  const config = path.join(folder, "livekit.yaml");
  await writeFile(config, stringify(configuration([port, udpPort], webhookUrls, network)));
  const child = spawn("sh", ["-c", DIE_WITH_PARENT, "sh", server, "--config", config], { stdio: ["pipe", "ignore", "ignore"] });
  const exited = once(child, "exit");
  const origin = httpOrigin(network.address, port);
  await until("livekit-server to answer", 15_000, async () => (await fetch(origin)).ok);
  return {
    url: origin.replace("http", "ws"),
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

function configuration(
  [port, udpPort]: readonly [number, number],
  webhookUrls: readonly string[],
  network: NonNullable<LivekitOptions["network"]>,
) {
  const loopback = network.address === LOOPBACK.address;
  return {
    port,
    bind_addresses: [network.address],
    keys: { [LIVEKIT_KEY]: LIVEKIT_SECRET },
    webhook: { api_key: LIVEKIT_KEY, urls: webhookUrls },
    rtc: {
      // 0: none. A listener would be bound to every address, regardless of bind_addresses.
      tcp_port: 0,
      udp_port: udpPort,
      node_ip: network.address,
      use_external_ip: false,
      enable_loopback_candidate: loopback,
      interfaces: { includes: [network.interface] },
      ips: { includes: [loopback ? "127.0.0.0/8" : `${network.address}/${network.address.includes(":") ? 128 : 32}`] },
      // Otherwise, clients use a public STUN server.
      stun_servers: ["127.0.0.1:3478"],
    },
  };
}
