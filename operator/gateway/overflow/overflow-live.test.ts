import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { CloudRefusal } from "../../../test/support/gateway/cloud-errors.ts";
import { type CloudServerOptions, cloudServer } from "../../../test/support/gateway/cloud-server.ts";
import { json, liveGateway, type Take } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { poolKey } from "../../api/pool-config.ts";

/** Launches over real HTTP, from the client to a stand-in for the maker's cloud, beside a full worker. */

const SECRET = "the-makers-secret";
const TOKEN = "the-room-token";
const full: Take = (_request, response) => json(response, 503, { status: "at_capacity" });

const closes: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});

async function setup(options: CloudServerOptions = {}, deadline = "1m") {
  const cloud = await cloudServer(options);
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
  const errors = async () => (await gateway.metrics.overflowErrors.get()).values.map(({ labels }) => labels.reason);
  const load = () => gateway.core.state(poolKey(pool))?.overflow;
  const launch = async (name: string, headers: Readonly<Record<string, string>> = {}) => {
    const response = await gateway.post(new URLSearchParams({ ...room, room_name: name, avatar_id: "maya" }), { headers });
    const { error } = (await response.json()) as { readonly error?: { readonly code: string; readonly message: string } };
    return { status: response.status, headers: response.headers, code: error?.code, message: error?.message ?? "" };
  };
  return { ...gateway, cloud, metric, errors, load, launch };
}

const room = { livekit_url: "wss://livekit.test", livekit_token: TOKEN, room_name: "room" };

describe("overflow", () => {
  it("converts each client's form to the cloud's, and responds like a worker", async () => {
    const { post, cloud, lines, metric } = await setup();
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
    const { launch, cloud } = await setup();
    await launch("room", { "api-secret": "their-own" });
    expect(cloud.requests[0]?.headers["api-secret"]).toBe("their-own");
  });

  it.each<[CloudRefusal, string, string, string]>([
    ["unauthorized", "unauthorized", "rejects the API secret (401)", "401 Invalid API secret"],
    ["no-credits", "no_credits", "no credits (402)", "402 Insufficient credits"],
    ["suspended", "no_credits", "is suspended", "403 Account suspended"],
    ["session-limit", "concurrency_limit", "session limit (403)", "403 Concurrent session limit reached"],
    ["rate-limited", "rate_limited", "rate-limits this account (429)", "429 Too many requests"],
    ["no-worker", "unavailable", "no free worker (503)", "503 No available workers"],
  ])("reports the cloud's error %s, and sends no further launch meanwhile", async (behaviour, reason, sentence, words) => {
    const { launch, cloud, load, lines, errors } = await setup({}, "0s");
    cloud.behaviour = behaviour;
    for (const room of ["first", "second"]) {
      const { status, code, message, headers } = await launch(room);
      expect([status, code, headers.has("retry-after")]).toEqual([503, "deadline_exceeded", true]);
      expect(message).toContain("overflow did not help: the maker's");
      expect(message).toContain(sentence);
    }
    expect(cloud.requests).toHaveLength(1);
    expect([await errors(), load()]).toEqual([[reason], { sessions: 0, error: { kind: reason, lastMs: expect.any(Number) } }]);
    expect(lines).toContainEqual(expect.objectContaining({ reason, words }));
  });

  it("does not keep other launches from the cloud after the rejection of one", async () => {
    const { launch, cloud, errors, load } = await setup({}, "0s");
    cloud.behaviour = "no-avatar";
    expect((await launch("first")).message).toContain("it may not have the avatar");
    cloud.behaviour = "accept";
    expect((await launch("second")).status).toBe(200);
    expect([cloud.rooms, await errors(), load()]).toEqual([["second"], ["rejected"], { sessions: 1 }]);
  });

  it("gets no more sessions than the account's limit", async () => {
    const { launch, cloud, load } = await setup({ maxSessions: 1 }, "0s");
    const answers = [await launch("first"), await launch("second"), await launch("third")];
    expect(answers.map(({ status }) => status)).toEqual([200, 503, 503]);
    expect([cloud.rooms, load()]).toMatchObject([["first"], { sessions: 1, error: { kind: "concurrency_limit" } }]);
  });

  it("hides the secret in an error of the cloud", async () => {
    const answer = (response: ServerResponse) => json(response, 402, { error: `no credits for ${SECRET}` });
    const { launch, lines } = await setup({ answer }, "0s");
    await launch("room");
    expect(lines).toContainEqual(expect.objectContaining({ reason: "no_credits", words: "402 no credits for [hidden]" }));
  });

  it("waits for a slow cloud beyond the queue's deadline, and sends the launch once", async () => {
    const { launch, cloud } = await setup({}, "0s");
    cloud.behaviour = "slow";
    const answers = await Promise.all([launch("room"), launch("room")]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(cloud.rooms).toEqual(["room"]);
  });

  it.each(["lost", "internal"] as const)("reports that a session may run after the cloud's answer %s", async (behaviour) => {
    const { launch, cloud, load } = await setup();
    cloud.behaviour = behaviour;
    const first = await launch("room");
    cloud.behaviour = "accept";
    for (const answer of [first, await launch("room")]) expect(answer).toMatchObject({ status: 502, code: "overflow_unclear" });
    expect([cloud.requests.length, load()?.sessions]).toEqual([1, 1]);
  });
});
