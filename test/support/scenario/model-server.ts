import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { httpOrigin } from "../../../operator/api/http-origin.ts";

/** Serves `.imx` models, on loopback by default. A path returns 404 until a file is put there. */
export class ModelServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #files = new Map<string, string>();
  readonly #address: string;

  static async start(address = "127.0.0.1"): Promise<ModelServer> {
    const models = new ModelServer(address);
    await new Promise<void>((resolve) => models.#server.listen(0, address, resolve));
    return models;
  }

  private constructor(address: string) {
    this.#address = address;
    this.#server = createServer((request, response) => {
      const file = this.#files.get(request.url ?? "");
      if (file === undefined) response.writeHead(404).end();
      else response.end(file);
    });
  }

  /** @returns the URL of the file. */
  put(path: string, content: string): string {
    this.#files.set(path, content);
    return this.url(path);
  }

  url(path: string): string {
    return `${httpOrigin(this.#address, (this.#server.address() as AddressInfo).port)}${path}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
