import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A load balancer of connections, like a Kubernetes Service: every new connection goes to the next address that accepts it. */
export class Balancer implements AsyncDisposable {
  readonly #server: Server;
  readonly #targets: readonly URL[];
  readonly #sockets = new Set<Socket>();
  #next = 0;

  static async start(urls: readonly string[]): Promise<Balancer> {
    const balancer = new Balancer(urls);
    balancer.#server.listen(0, "127.0.0.1");
    await once(balancer.#server, "listening");
    return balancer;
  }

  private constructor(urls: readonly string[]) {
    this.#targets = urls.map((url) => new URL(url));
    this.#server = createServer((socket) => void this.#forward(socket));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #forward(client: Socket): Promise<void> {
    client.on("error", () => {});
    for (let tries = 0; tries < this.#targets.length; tries += 1) {
      const upstream = await this.#connect();
      if (upstream === undefined) continue;
      this.#join(client, upstream);
      this.#join(upstream, client);
      return;
    }
    client.destroy();
  }

  /** Undefined if the next address refuses the connection. */
  async #connect(): Promise<Socket | undefined> {
    const { hostname, port } = this.#targets[this.#next++ % this.#targets.length] ?? {};
    const upstream = connect(Number(port), hostname);
    try {
      await once(upstream, "connect");
      return upstream.on("error", () => {});
    } catch {
      return undefined;
    }
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.once("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
}
