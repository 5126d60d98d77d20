import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import path from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { lineOnStderr } from "../support/controlplane/index.ts";
import { ensurePackages } from "../support/debian.ts";
import { json, liveGateway, type Take } from "../support/gateway/live.ts";
import { testPool } from "../support/gateway/pool.ts";
import { documentedConfig, startNginx } from "./nginx.ts";

/** A gateway behind a real nginx with the configuration of docs/in-front.md. */

const fields = { livekit_url: "wss://lk.example.com", livekit_token: "secret", room_name: "room-1", avatar_id: "maya" };
const form = (room: string) => new URLSearchParams({ ...fields, room_name: room });
const accept: Take = (_request, response) => json(response, 200, { status: "pending", task_id: "t1" });
const full: Take = (_request, response) => json(response, 503, { status: "at_capacity" });

let resources: AsyncDisposableStack;
beforeAll(() => ensurePackages(["nginx-light"], lineOnStderr));
afterEach(() => resources.disposeAsync());

async function setup(take: Take, config: string) {
  resources = new AsyncDisposableStack();
  const pool = testPool({ launch: { queue: { length: 20, deadline: "30s" } } });
  const gateway = await liveGateway([take], pool);
  resources.defer(gateway.close);
  const connections = new Set<Socket>();
  gateway.server.server.on("connection", (socket: Socket) => connections.add(socket));
  const nginx = resources.use(await startNginx(config, new URL(gateway.origin)));
  const post = (body: NonNullable<RequestInit["body"]>) => fetch(`${nginx.url}${gateway.path}`, { method: "POST", body });
  return { ...gateway, post, connections };
}

describe("behind nginx with the documented configuration", () => {
  it("a launch is held until a slot is free", async () => {
    let refusals = 0;
    const { post, lines } = await setup((...args) => (refusals++ < 3 ? full : accept)(...args), await documentedConfig());
    expect((await post(form("held"))).status).toBe(200);
    expect(lines.at(-1)).toMatchObject({ outcome: "served" });
    expect(Number(lines.at(-1)?.waitedMs)).toBeGreaterThan(0);
  });

  it("the gateway receives a complete image of 15 MB", async () => {
    const { post, received } = await setup(accept, await documentedConfig());
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) if (name !== "avatar_id") body.set(name, value);
    const image = Buffer.alloc(15 * 1024 * 1024, 7);
    body.set("avatar_image", new Blob([image], { type: "image/jpeg" }), "me.jpg");
    expect((await post(body)).status).toBe(200);
    expect(received[0]?.body.includes(image)).toBe(true);
  });

  it("nginx reuses connections to the gateway", async () => {
    const { post, connections, server } = await setup(accept, await documentedConfig());
    for (let count = 0; count < 10; count += 1) expect((await post(form(`room-${count}`))).status).toBe(200);
    // One connection may be from the check that nginx listens.
    expect(connections.size).toBeLessThanOrEqual(2);
    // Longer than known load balancers keep idle connections.
    expect(server.server.keepAliveTimeout).toBeGreaterThan(600_000);
  });
});

describe("examples of proxies in front of the gateway", () => {
  const folder = path.join(import.meta.dirname, "..", "..", "examples", "in-front");

  it.each(readdirSync(folder))("%s allows a launch to be held for 330 s", async (file) => {
    const manifest = parse(await readFile(path.join(folder, file), "utf8"));
    const timeouts = JSON.stringify([manifest.metadata.annotations, manifest.spec.rules]).match(/330s?\b/g) ?? [];
    expect(timeouts.length).toBeGreaterThanOrEqual(2);
  });
});

describe("behind nginx with a timeout that is too short", () => {
  it("nginx closes held launches, and the gateway logs the time once", async () => {
    const config = (await documentedConfig()).replace("proxy_read_timeout 330s", "proxy_read_timeout 2s");
    const { post, lines } = await setup(full, config);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, at) => post(form(`room-${at}`))));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(504));
    await expect.poll(() => lines.filter(({ outcome }) => outcome === "client_gone").length).toBe(6);
    const hints = lines.filter(({ afterSeconds }) => afterSeconds !== undefined);
    expect(hints).toMatchObject([{ level: "warn", afterSeconds: 2, launches: 5, msg: expect.stringContaining("to 330s") }]);
  });
});
