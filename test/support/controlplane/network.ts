import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { COMPONENT_PORTS } from "./components.ts";

/** Each control plane of this machine uses one network from 127.64.0.0/16 to 127.126.0.0/16. */
const FIRST = 64;
const LAST = 126;
/** Outside the usual range of ephemeral ports, so that no outgoing connection uses it. */
const RESERVATION_PORT = 61_064;

/**
 * Reserves a pod network that no other control plane on this machine uses, until this process ends.
 * The process that listens on the reservation port of its first address owns it: a crash needs no cleanup, and the owner can
 * use fixed ports on that address.
 *
 * @returns its first address, `127.k.0.1`.
 */
export async function reserveNetwork(): Promise<string> {
  for (let k = FIRST; k <= LAST; k++) {
    const address = `127.${k}.0.1`;
    if (!(await listen(address, RESERVATION_PORT))) continue;
    // In use by components that were not ended, because their supervisor was killed together with its parent (`killall -9 node`).
    if (await arePortsFree(address)) return address;
  }
  throw new Error(`all pod networks from 127.${FIRST}.0.0/16 to 127.${LAST}.0.0/16 are in use by other control planes`);
}

export function podCidrOf(address: string): string {
  return address.replace(/\.0\.1$/, ".0.0/16");
}

async function arePortsFree(address: string): Promise<boolean> {
  for (const port of COMPONENT_PORTS) {
    const server = await listen(address, port);
    if (server === undefined) return false;
    server.close();
    await once(server, "close");
  }
  return true;
}

/** `undefined`: another process listens on it. */
async function listen(host: string, port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen({ host, port });
    await once(server, "listening");
    return server;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return undefined;
    throw new Error(`cannot listen on ${host}: the simulated cluster needs Linux, where all of 127.0.0.0/8 is local`, {
      cause: error,
    });
  }
}
