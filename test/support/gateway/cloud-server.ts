import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface CloudRequest {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A stand-in for the maker's cloud over real HTTP. It accepts launches in JSON, and starts no session. */
export async function cloudServer(answer: (response: ServerResponse, request: CloudRequest) => void) {
  const requests: CloudRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const request = { headers: incoming.headers, body: Buffer.concat(chunks).toString() };
    requests.push(request);
    answer(response, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/runtime-tokens/request`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
