import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { KubeError } from "../../kube/errors.ts";
import type { ReadSecret } from "../../kube/secret-cache.ts";
import { ClientTokens } from "./client-tokens.ts";

const ref = { namespace: "avatars", name: "tokens" };

function setup() {
  const clock = new FakeClock();
  const state: { values: Record<string, string> | undefined; failure: Error | undefined; hangs: boolean } = {
    values: { ann: "a-token\n", bob: "b-token" },
    failure: undefined,
    hangs: false,
  };
  let reads = 0;
  const read: ReadSecret = async () => {
    reads += 1;
    if (state.hangs) return new Promise(() => {});
    if (state.failure !== undefined) throw state.failure;
    return state.values && new Map(Object.entries(state.values));
  };
  const tokens = new ClientTokens({ read, clock });
  const of = (token: string) => tokens.clientOf(ref, token);
  return { clock, state, of, reads: () => reads };
}

describe("ClientTokens", () => {
  it("maps each token to its client, and ignores line ends in the Secret", async () => {
    const { of, reads } = setup();
    expect(await Promise.all(["a-token", "b-token", "c-token"].map(of))).toEqual([
      { kind: "known", client: "ann" },
      { kind: "known", client: "bob" },
      { kind: "unknown" },
    ]);
    expect(reads()).toBe(1);
  });

  it("accepts a new token after one second, and rejects a removed one after ten", async () => {
    const { clock, state, of } = setup();
    await of("a-token");
    state.values = { carl: "c-token" };
    expect(await of("c-token")).toEqual({ kind: "unknown" });
    await clock.advance(1_000);
    expect(await of("c-token")).toEqual({ kind: "known", client: "carl" });
    state.values = { dora: "d-token" };
    await clock.advance(10_000);
    expect(await of("c-token")).toEqual({ kind: "unknown" });
  });

  it("uses the last read tokens while the API server is unreachable or hangs", async () => {
    const { clock, state, of } = setup();
    await of("a-token");
    state.hangs = true;
    await clock.advance(3_600_000);
    const held = of("a-token");
    await clock.advance(2_000);
    expect(await held).toEqual({ kind: "known", client: "ann" });
    // After the first failure, no lookup waits for the API server.
    await clock.advance(60_000);
    expect(await of("a-token")).toEqual({ kind: "known", client: "ann" });
  });

  it("reads changed tokens after the API server recovers", async () => {
    const { clock, state, of } = setup();
    await of("a-token");
    state.failure = new Error("connect ECONNREFUSED");
    await clock.advance(60_000);
    await of("a-token");
    Object.assign(state, { failure: undefined, values: { bob: "b-token" } });
    await clock.advance(1_000);
    await of("a-token");
    expect(await of("a-token")).toEqual({ kind: "unknown" });
  });

  it("sends at most one request a second to the API server, for any number of unknown tokens", async () => {
    const { clock, of, reads } = setup();
    for (let second = 0; second < 5; second += 1) {
      await Promise.all(Array.from({ length: 50 }, (_, at) => of(`guess-${at}`)));
      await clock.advance(1_000);
    }
    expect(reads()).toBeLessThanOrEqual(5);
  });

  it.each([
    [undefined, undefined, "Secret tokens of launch.auth does not exist in namespace avatars: create it"],
    [new KubeError("Forbidden", { status: 403, reason: "Forbidden" }), undefined, "set gateway.secretAccess in the chart's values"],
    [new Error("ECONNREFUSED"), {}, "failed to read Secret tokens in namespace avatars: the API server failed"],
  ])("reports why authentication is unavailable (%s)", async (failure, values, why) => {
    const { state, of } = setup();
    Object.assign(state, { failure, values });
    expect(await of("a-token")).toMatchObject({ kind: "unavailable", why: expect.stringContaining(why) });
  });

  it("does not treat an empty value as a token", async () => {
    const { state, of } = setup();
    state.values = { ann: " \n" };
    expect(await of("")).toEqual({ kind: "unknown" });
  });
});
