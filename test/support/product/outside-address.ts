import { type AddressInfo, connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";

/** A port of a process on an address of this machine other than loopback, to which the API server refuses to forward. */
export interface OutsidePort extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/** @throws Error if this machine has no such address. */
export async function outsidePort(target: string): Promise<OutsidePort> {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((candidate) => candidate?.family === "IPv4" && !candidate.internal)?.address;
  if (address === undefined) throw new Error("this machine has no address but loopback: connect it to a network");
  const { hostname, port } = new URL(target);
  const server = createServer((from) => {
    const to = connect(Number(port), hostname);
    from.pipe(to).pipe(from);
    from.on("error", () => to.destroy());
    to.on("error", () => from.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, address, listening));
  return {
    address,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}
