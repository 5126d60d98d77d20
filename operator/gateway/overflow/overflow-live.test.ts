import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { cloudServer } from "../../../test/support/gateway/cloud-server.ts";
import { json, liveGateway, type Take } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

/** Launches over real HTTP, from the client to a stand-in for the maker's cloud, beside a full worker. */

const SECRET = "the-makers-secret";
const TOKEN = "the-room-token";
const full: Take = (_request, response) => json(response, 503, { status: "at_capacity" });

const closes: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});

async function setup(answer: (response: ServerResponse) => void, deadline = "1m") {
  const cloud = await cloudServer(answer);
  const pool = testPool({
    presets: [{ name: "maya", avatarId: "A12" }],
    workers: [{ name: "gpu", engine: "expression", sessionsPerWorker: 1, max: 1 }],
    launch: { queue: { deadline } },
    overflow: { maxSessions: 3, after: "0s", url: cloud.url },
  });
  const gateway = await liveGateway([full], pool, { readSecret: async () => new Map([["api-secret", SECRET]]) });
  closes.push(
    () => gateway.close(),
    () => cloud[Symbol.asyncDispose](),
  );
  const metric = async () => (await gateway.metrics.launches.get()).values.map(({ labels, value }) => ({ ...labels, value }));
  return { ...gateway, cloud, metric };
}

const room = { livekit_url: "wss://livekit.test", livekit_token: TOKEN, room_name: "room" };
const accept = (response: ServerResponse) => json(response, 200, { data: { token: "for-nobody" } });

describe("overflow", () => {
  it("converts each client's form to the cloud's, and responds like a worker", async () => {
    const { post, cloud, lines, metric } = await setup(accept);
    const image = new FormData();
    for (const [name, value] of Object.entries({ ...room, room_name: "with-image" })) image.set(name, value);
    image.set("avatar_image", new Blob(["face"]), "face.jpg");
    const bodies = [new URLSearchParams({ ...room, avatar_id: "maya" }), image];
    for (const body of bodies) {
      const response = await post(body);
      expect([response.status, response.headers.get("x-avatarpool-path")]).toEqual([200, "overflow"]);
      expect(await response.text()).not.toContain("for-nobody");
    }
    const asJson = { method: "POST", headers: { "content-type": "application/json" } };
    expect((await post(JSON.stringify({ ...room, room_name: "json", mode: "gpu", agent_id: "maya" }), asJson)).status).toBe(200);

    const sent = cloud.requests.map(({ headers, body }) => ({ secret: headers["api-secret"], ...JSON.parse(body) }));
    const common = { secret: SECRET, ...room, mode: "gpu" };
    expect(sent).toEqual([
      { ...common, agent_id: "A12" },
      { ...common, room_name: "with-image", image: Buffer.from("face").toString("base64") },
      { ...common, room_name: "json", agent_id: "A12" },
    ]);
    expect(lines.filter(({ msg }) => msg === "launch")).toHaveLength(3);
    expect(lines.at(-1)).toMatchObject({ outcome: "served", path: "overflow", preset: "maya", room: "json" });
    expect(await metric()).toEqual([{ namespace: "avatars", pool: "support", outcome: "served", path: "overflow", value: 3 }]);
    expect(JSON.stringify(lines)).not.toMatch(new RegExp(`${SECRET}|${TOKEN}`));
  });

  it("sends a client's own API secret in place of the pool's", async () => {
    const { post, cloud } = await setup(accept);
    await post(new URLSearchParams({ ...room, avatar_id: "maya" }), { headers: { "api-secret": "their-own" } });
    expect(cloud.requests[0]?.headers["api-secret"]).toBe("their-own");
  });

  it("reports a rejection by the cloud", async () => {
    const refuse = (response: ServerResponse) => json(response, 402, { error: `no credits for ${SECRET}` });
    const { post, lines } = await setup(refuse, "1s");
    const response = await post(new URLSearchParams({ ...room, avatar_id: "maya" }));
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect([response.status, error.code, response.headers.has("retry-after")]).toEqual([503, "deadline_exceeded", true]);
    expect(error.message).toContain("overflow did not help: the maker's account has no credits (402)");
    expect(lines).toContainEqual(expect.objectContaining({ reason: "no_credits", words: "402 no credits for [hidden]" }));
  });

  it("reports that a session may run if the cloud's response is lost", async () => {
    const { post, cloud } = await setup((response) => response.destroy());
    const body = () => new URLSearchParams({ ...room, avatar_id: "maya" });
    for (const response of [await post(body()), await post(body())]) {
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ error: { code: "overflow_unclear" } });
    }
    expect(cloud.requests).toHaveLength(1);
  });
});
