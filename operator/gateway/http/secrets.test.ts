import { afterEach, describe, expect, it } from "vitest";
import { json, liveGateway, type Take } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

/** Workers that echo the request. No response to the client and no log line may contain a secret from it. */

const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url");
const token = `${header}.${Buffer.from('{"sub":"avatar","video":{"room":"room-1"}}').toString("base64url")}.c2lnbmF0dXJlLW9m`;
const makers = "maker's+own/secret==";
const fields = { livekit_url: "wss://lk.example.com", livekit_token: token, room_name: "room-1" };

const echoes: Readonly<Record<string, (body: string) => unknown>> = {
  "FastAPI's list of faults": (body) => ({
    detail: [{ type: "missing", loc: ["body", "x"], msg: "Field required", input: Object.fromEntries(new URLSearchParams(body)) }],
  }),
  "a sentence with the form": (body) => ({ error: `cannot launch with ${body}` }),
  "a sentence with the fields": (body) => ({ message: `cannot launch with ${[...new URLSearchParams(body).values()].join(" ")}` }),
  "an exception that is cut": (body) => ({ detail: `input_value='${body.slice(0, 90)}...${body.slice(-30)}'` }),
  "the body in base64": (body) => ({ error: { message: Buffer.from(body).toString("base64").slice(0, 200) } }),
};

const closes: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});

function secretsOf(text: string): readonly string[] {
  const parts = [token, makers].flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]);
  const ends = [token.slice(0, 20), token.slice(-12), makers.slice(-12)];
  const inBase64 = [0, 1, 2].map((at) =>
    Buffer.from(token.slice(at, at + 30))
      .toString("base64")
      .slice(0, 36),
  );
  return [...parts, ...ends, ...inBase64].filter((part) => text.includes(part));
}

describe("a worker that echoes the request", () => {
  const cases = Object.keys(echoes).map((what) => [422, what] as const);

  it.each([...cases, [500, "a sentence with the form"] as const])("leaks no secret: %i with %s", async (status, what) => {
    const take: Take = (_request, response, body) => json(response, status, echoes[what]?.(body.toString()));
    const gateway = await liveGateway([take], testPool(), { tasks: (_request, response) => json(response, 500, {}) });
    closes.push(() => gateway.close());
    const response = await gateway.post(new URLSearchParams({ ...fields, avatar_id: "maya", api_secret: makers }));
    const body = await response.text();
    expect([response.status, secretsOf(body)]).toEqual([status === 500 ? 502 : status, []]);
    expect(body).toMatch(/rejected the launch|was sent to worker|did not respond to the launch/);
    expect(secretsOf(JSON.stringify(gateway.lines))).toEqual([]);
  });
});
