import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { pool } from "../../test/support/pools.ts";
import { forbidden } from "../../test/support/recording-client.ts";
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
    ["the key exists", { data: { "api-secret": "c2VjcmV0" } }, { kind: "present" }],
    ["the Secret is missing", undefined, { kind: "no-secret" }],
    ["the key is missing", { data: { token: "c2VjcmV0" } }, { kind: "no-key", keys: ["token"] }],
    ["the Secret is empty", {}, { kind: "no-key", keys: [] }],
  ])("detects that %s", async (_what, secret, expected) => {
    expect(await setup(() => secret).look()).toEqual(expected);
  });

  it("does not treat a failed read as a missing Secret", async () => {
    const { look } = setup(() => {
      throw new Error("secrets is forbidden");
    });
    expect(await look()).toEqual({ kind: "unknown", why: "secrets is forbidden" });
  });

  it("names the value of the chart if the operator may not read the Secret", async () => {
    const { look } = setup(() => {
      throw forbidden('secrets "maker" is forbidden');
    });
    const why = "the operator is not allowed to read it: set operator.secretAccess in the chart's values";
    expect(await look()).toEqual({ kind: "unknown", why });
  });

  it("checks again after half a minute, and after three seconds while something is missing", async () => {
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

describe("the other Secrets of a pool", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
  const auth = { auth: { secretRef: { name: "clients" } } };

  /** @param stored by name: values by key. */
  function problemsOf(spec: Parameters<typeof pool>[0], stored: Readonly<Record<string, Record<string, string>>>) {
    const client = {
      get: async <T>(_type: unknown, { name }: { readonly name: string }) => {
        const values = Object.entries(stored[name] ?? {}).map(([key, value]) => [key, base64(value)]);
        return (stored[name] && { data: Object.fromEntries(values) }) as T | undefined;
      },
    };
    return new CredentialsCheck(client, new FakeClock()).problems(pool(spec).config);
  }

  it.each<[string, Parameters<typeof pool>[0], Record<string, Record<string, string>>, unknown]>([
    ["a pool without Secrets has no problem", {}, {}, []],
    ["tokens of clients are found", { launch: auth }, { clients: { web: "token" } }, []],
    ["a Secret with tokens is missing", { launch: auth }, {}, [{ kind: "no-secret" }]],
    ["a Secret has empty tokens only", { launch: auth }, { clients: { web: " \n" } }, [{ kind: "no-tokens" }]],
    ["LiveKit's key is found", { livekit }, { livekit: { "api-key": "k", "api-secret": "s" } }, []],
    [
      "half of LiveKit's key is missing",
      { livekit },
      { livekit: { "api-key": "k" } },
      [{ kind: "no-keys", missing: ["api-secret"] }],
    ],
    [
      "half of LiveKit's key is empty",
      { livekit },
      { livekit: { "api-key": "", "api-secret": "s" } },
      [{ kind: "no-keys", missing: ["api-key"] }],
    ],
  ])("%s", async (_what, spec, stored, problems) => {
    expect((await problemsOf(spec, stored)).map(({ problem }) => problem)).toEqual(problems);
  });

  it("are not reported as missing if they could not be read", async () => {
    const client = { get: () => Promise.reject(new Error("secrets is forbidden")) };
    const problems = await new CredentialsCheck(client, new FakeClock()).problems(pool({ launch: auth }).config);
    expect(problems).toEqual([
      { field: "launch.auth", name: "clients", problem: { kind: "unknown", why: "secrets is forbidden" } },
    ]);
  });
});
