import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { LOAD_AUDIENCE } from "../../api/load-report.ts";
import type { TokenReview } from "../../kube/token-review.ts";
import { LoadAuth } from "./load-auth.ts";

const user = "system:serviceaccount:avatarpool:avatarpool-operator";
const good: TokenReview = { user: { username: user }, audiences: [LOAD_AUDIENCE] };

function setup(verdict: TokenReview | Error = good) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const answers = { verdict };
  const review = async (token: string, audience = "") => {
    asked.push(`${token} for ${audience}`);
    if (answers.verdict instanceof Error) throw answers.verdict;
    return answers.verdict;
  };
  const auth = new LoadAuth({ review, clock, user });
  const access = (authorization: string | undefined, address = "10.0.0.1") => auth.access(authorization, address);
  return { clock, asked, answers, auth: { access } };
}

describe("LoadAuth", () => {
  it("grants access to the operator, and requests a review for the gateway's audience", async () => {
    const { auth, asked } = setup();
    await expect(auth.access("Bearer abc.def")).resolves.toBe("granted");
    expect(asked).toEqual([`abc.def for ${LOAD_AUDIENCE}`]);
  });

  it.each([
    ["an invalid token", { ...good, user: undefined }],
    ["another user", { ...good, user: { username: "system:serviceaccount:default:default" } }],
    ["a token for another audience", { ...good, audiences: ["https://kubernetes.default.svc"] }],
    ["a server that returns no audiences", { ...good, audiences: [] }],
  ])("rejects %s", async (_what, verdict) => {
    await expect(setup(verdict).auth.access("Bearer abc")).resolves.toBe("denied");
  });

  it.each([undefined, "", "Basic abc", "Bearer", "Bearer a b"])("rejects the header %j without a review", async (header) => {
    const { auth, asked } = setup();
    await expect(auth.access(header)).resolves.toBe("denied");
    expect(asked).toEqual([]);
  });

  it("caches a valid token for five minutes, also while the API server is unreachable", async () => {
    const { auth, answers, clock } = setup();
    await auth.access("Bearer abc");
    answers.verdict = new Error("away");
    await clock.advance(299_000);
    await expect(auth.access("Bearer abc")).resolves.toBe("granted");
    await clock.advance(1_000);
    await expect(auth.access("Bearer abc")).resolves.toBe("unknown");
  });

  it("accepts a valid token until it expires while the API server is unreachable", async () => {
    const { auth, answers, clock } = setup();
    const exp = Math.floor(clock.now() / 1_000) + 3_600;
    const token = `Bearer head.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.signature`;
    await auth.access(token);
    answers.verdict = new Error("away");
    await clock.advance(3_599_000);
    await expect(auth.access(token)).resolves.toBe("granted");
    await clock.advance(1_000);
    await expect(auth.access(token)).resolves.toBe("unknown");
  });

  it("prefers the API server's verdict to the cache after it recovers", async () => {
    const { auth, answers, clock } = setup();
    await auth.access("Bearer abc");
    await clock.advance(300_000);
    answers.verdict = { ...good, user: undefined };
    await expect(auth.access("Bearer abc")).resolves.toBe("denied");
  });

  it("does not review a rejected token again for a minute", async () => {
    const { auth, answers, asked, clock } = setup({ ...good, user: undefined });
    for (let time = 0; time < 100; time += 1) expect(await auth.access("Bearer abc")).toBe("denied");
    expect(asked).toHaveLength(1);
    answers.verdict = good;
    await clock.advance(60_000);
    await expect(auth.access("Bearer abc")).resolves.toBe("granted");
  });

  it("does not cache a failure of the API server as a rejection", async () => {
    const { auth, answers } = setup(new Error("away"));
    await expect(auth.access("Bearer abc")).resolves.toBe("unknown");
    answers.verdict = good;
    await expect(auth.access("Bearer abc")).resolves.toBe("granted");
  });

  it("reviews a token once for concurrent requests", async () => {
    const { auth, asked } = setup();
    const all = await Promise.all(Array.from({ length: 100 }, () => auth.access("Bearer abc")));
    expect([new Set(all), asked]).toEqual([new Set(["granted"]), [`abc for ${LOAD_AUDIENCE}`]]);
  });

  it("reviews few of 2,000 guesses, and still reviews the operator's token", async () => {
    const { auth, answers, asked } = setup({ ...good, user: undefined });
    for (let guess = 0; guess < 2_000; guess += 1) await auth.access(`Bearer guess-${guess}`, "10.0.0.66");
    expect(asked).toHaveLength(10);
    answers.verdict = good;
    await expect(auth.access("Bearer abc", "10.0.0.1")).resolves.toBe("granted");
  });

  it("limits concurrent reviews across all sources", async () => {
    const { auth, asked } = setup();
    const guesses = Array.from({ length: 10 }, (_, at) => auth.access(`Bearer guess-${at}`, `10.0.0.${at}`));
    const answers = await Promise.all(guesses);
    expect(asked).toHaveLength(4);
    expect(answers.filter((answer) => answer === "unknown")).toHaveLength(6);
  });
});
