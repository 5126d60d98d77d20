import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { pool } from "../../test/support/pools.ts";
import { CredentialsCheck } from "./credentials.ts";

function setup(secret: () => object | undefined) {
  const clock = new FakeClock();
  let reads = 0;
  const client = {
    get: async <T>() => {
      reads++;
      return secret() as T | undefined;
    },
  };
  const check = new CredentialsCheck(client, clock);
  return { clock, look: () => check.of(pool().config), reads: () => reads };
}

describe("CredentialsCheck", () => {
  it.each([
    ["the key is there", { data: { "api-secret": "c2VjcmV0" } }, { kind: "present" }],
    ["the Secret is missing", undefined, { kind: "no-secret" }],
    ["the key is missing", { data: { token: "c2VjcmV0" } }, { kind: "no-key", keys: ["token"] }],
    ["the Secret is empty", {}, { kind: "no-key", keys: [] }],
  ])("sees that %s", async (_what, secret, expected) => {
    expect(await setup(() => secret).look()).toEqual(expected);
  });

  it("does not take an unanswered question for a missing Secret", async () => {
    const { look } = setup(() => {
      throw new Error("secrets is forbidden");
    });
    expect(await look()).toEqual({ kind: "unknown", why: "secrets is forbidden" });
  });

  it("looks again after half a minute, and after three seconds while something is missing", async () => {
    let secret: object = {};
    const { look, reads, clock } = setup(() => secret);
    await Promise.all([look(), look()]);
    await clock.advance(2_999);
    await look();
    expect(reads()).toBe(1);
    secret = { data: { "api-secret": "" } };
    await clock.advance(1);
    expect(await look()).toEqual({ kind: "present" });
    await clock.advance(29_999);
    await look();
    expect(reads()).toBe(2);
    await clock.advance(1);
    await look();
    expect(reads()).toBe(3);
  });
});
