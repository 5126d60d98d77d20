import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Serves `.imx` models on loopback. A path returns 404 until a file is put there. */
export class ModelServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #files = new Map<string, string>();

  static async start(): Promise<ModelServer> {
    const models = new ModelServer();
    await new Promise<void>((resolve) => models.#server.listen(0, "127.0.0.1", resolve));
    return models;
  }

  private constructor() {
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
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
