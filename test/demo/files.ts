import { createServer, type Server } from "node:http";
import { testFrame } from "../support/fleet/test-frame.ts";

const files: Readonly<Record<string, Buffer>> = {
  "/maya.jpg": testFrame,
  "/leo.imx": Buffer.from("stand-in for an .imx model"),
};

/** Serves the files of the presets on a free loopback port. */
export class FileServer implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(): Promise<FileServer> {
    const server = createServer((request, response) => {
      const file = files[request.url ?? ""];
      if (file === undefined) response.writeHead(404).end();
      else response.writeHead(200, { "content-length": file.length }).end(file);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the file server has no TCP port");
    return new FileServer(server, `http://127.0.0.1:${address.port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
