import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";

/** Forwards every request to a server, and counts those whose path matches. */
export class CountingProxy implements AsyncDisposable {
  readonly #server: Server;
  #open = 0;
  #total = 0;

  static async start(target: string, counted: (path: string) => boolean): Promise<CountingProxy> {
    const proxy = new CountingProxy(target, counted);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  private constructor(target: string, counted: (path: string) => boolean) {
    this.#server = createServer((incoming, response) => {
      const { url = "/", method, headers } = incoming;
      if (counted(url)) {
        this.#open += 1;
        this.#total += 1;
        response.once("close", () => {
          this.#open -= 1;
        });
      }
      const outgoing = request(new URL(url, target), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        pipeline(answer, response, () => {});
      });
      outgoing.once("error", () => response.destroy());
      response.once("close", () => outgoing.destroy());
      pipeline(incoming, outgoing, () => {});
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Counted requests without a complete response. */
  get open(): number {
    return this.#open;
  }

  get total(): number {
    return this.#total;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
