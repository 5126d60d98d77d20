import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { LOAD_AUDIENCE } from "../../api/load-report.ts";
import { LoadAuth, type TokenVerdict } from "./load-auth.ts";

const user = "system:serviceaccount:avatarpool:avatarpool-operator";
const good: TokenVerdict = { authenticated: true, username: user, audiences: [LOAD_AUDIENCE] };

function setup(verdict: TokenVerdict | Error = good) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const answers = { verdict };
  const review = async (token: string, audience: string) => {
    asked.push(`${token} for ${audience}`);
    if (answers.verdict instanceof Error) throw answers.verdict;
    return answers.verdict;
  };
  return { clock, asked, answers, auth: new LoadAuth({ review, clock, user }) };
}

describe("LoadAuth", () => {
  it("lets the operator in, asking the API server for our audience", async () => {
    const { auth, asked } = setup();
    await expect(auth.access("Bearer abc.def")).resolves.toBe("granted");
    expect(asked).toEqual([`abc.def for ${LOAD_AUDIENCE}`]);
  });

  it.each([
    ["a token that is not good", { ...good, authenticated: false }],
    ["another user", { ...good, username: "system:serviceaccount:default:default" }],
    ["a token for another audience", { ...good, audiences: ["https://kubernetes.default.svc"] }],
    ["a server that knows no audiences", { ...good, audiences: [] }],
  ])("refuses %s", async (_what, verdict) => {
    await expect(setup(verdict).auth.access("Bearer abc")).resolves.toBe("denied");
  });

  it.each([undefined, "", "Basic abc", "Bearer", "Bearer a b"])("refuses the header %j without asking", async (header) => {
    const { auth, asked } = setup();
    await expect(auth.access(header)).resolves.toBe("denied");
    expect(asked).toEqual([]);
  });

  it("remembers a good token for five minutes, so that an API server that is away does not matter", async () => {
    const { auth, answers, clock } = setup();
    await auth.access("Bearer abc");
    answers.verdict = new Error("away");
    await clock.advance(299_000);
    await expect(auth.access("Bearer abc")).resolves.toBe("granted");
    await clock.advance(1_000);
    await expect(auth.access("Bearer abc")).resolves.toBe("unknown");
  });

  it("takes a good token for good until it expires while the API server is away for longer", async () => {
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

  it("takes the API server's word over its memory once it can be asked again", async () => {
    const { auth, answers, clock } = setup();
    await auth.access("Bearer abc");
    await clock.advance(300_000);
    answers.verdict = { ...good, authenticated: false };
    await expect(auth.access("Bearer abc")).resolves.toBe("denied");
  });

  it("remembers no refusal", async () => {
    const { auth, answers } = setup({ ...good, authenticated: false });
    await auth.access("Bearer abc");
    answers.verdict = good;
    await expect(auth.access("Bearer abc")).resolves.toBe("granted");
  });

  it("asks about few tokens at once, whoever guesses", async () => {
    const { auth, asked } = setup();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => auth.access(`Bearer guess-${at}`)));
    expect(asked).toHaveLength(4);
    expect(answers.filter((answer) => answer === "unknown")).toHaveLength(6);
  });
});
