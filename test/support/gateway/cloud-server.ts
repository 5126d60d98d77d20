import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type CloudRefusal, type CloudRequest, cloudRefusal, faultIn, refusals } from "./cloud-errors.ts";
import { json } from "./live.ts";

/**
 * What the stand-in does with a launch: accepts it, at once or late; begins a session and loses its response, or never sends one;
 * or one of the maker's documented errors.
 */
export type CloudBehaviour = "accept" | "slow" | "lost" | "hangs" | CloudRefusal;

export interface CloudServerOptions {
  /** The API secret that the server accepts. Undefined: it accepts every secret. */
  readonly secret?: string;
  /** The account's session limit: 403 beyond it. Default: none. */
  readonly maxSessions?: number;
  /** Handles every launch instead of a behaviour. */
  readonly answer?: (response: ServerResponse) => void;
}

const SLOW_MS = 300;

/** A stand-in for the maker's cloud over real HTTP. It takes launches in the maker's JSON form and starts no avatar. */
export async function cloudServer(options: CloudServerOptions = {}) {
  const requests: CloudRequest[] = [];
  const cloud = {
    behaviour: "accept" as CloudBehaviour,
    requests,
    /** Rooms of the sessions that began. A test ends a session by removing its room. */
    rooms: [] as string[],
  };

  async function take(request: CloudRequest, response: ServerResponse): Promise<void> {
    if (options.answer !== undefined) return options.answer(response);
    const { behaviour, rooms } = cloud;
    const full = rooms.length >= (options.maxSessions ?? Number.POSITIVE_INFINITY);
    const refusal = faultIn(request, options.secret) ?? (behaviour in refusals ? behaviour : full ? "session-limit" : undefined);
    if (refusal !== undefined) return cloudRefusal(response, refusal as CloudRefusal);
    rooms.push((JSON.parse(request.body) as { readonly room_name: string }).room_name);
    if (behaviour === "hangs") return;
    if (behaviour === "lost") return void response.destroy();
    if (behaviour === "slow") await sleep(SLOW_MS);
    json(response, 200, { data: { token: "runtime-token" }, status: "success", status_code: 200 });
  }

  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const request = { headers: incoming.headers, body: Buffer.concat(chunks).toString() };
    requests.push(request);
    await take(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return Object.assign(cloud, {
    url: `http://127.0.0.1:${port}/v1/runtime-tokens/request`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
