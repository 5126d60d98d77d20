import { once } from "node:events";
import { createServer } from "node:net";

/** Error codes on a machine without IPv6: the family is compiled out, or disabled for its interfaces. */
const WITHOUT_IPV6 = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL"]);

/**
 * The address to listen on: the given address, else all addresses. `::` accepts connections of both IP families; a machine
 * without IPv6 listens on `0.0.0.0`.
 * @param bind binds a socket to an address and closes it.
 */
export async function listenHost(configured: string | undefined, bind: (host: string) => Promise<void> = tryBind): Promise<string> {
  if (configured !== undefined) return configured;
  try {
    await bind("::");
    return "::";
  } catch (error) {
    if (error instanceof Error && "code" in error && WITHOUT_IPV6.has(String(error.code))) return "0.0.0.0";
    throw error;
  }
}

async function tryBind(host: string): Promise<void> {
  const server = createServer();
  server.listen({ host, port: 0 });
  await once(server, "listening");
  server.close();
  await once(server, "close");
}
