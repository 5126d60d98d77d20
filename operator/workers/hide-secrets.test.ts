import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hideSecrets } from "./hide-secrets.ts";

const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhdmF0YXIiLCJ2aWRlbyI6e319.Vt3h0cA7Xo_w5a9f2KqzR8mJ4uY6sDpLxNbGeTcHiQk";
const secret = 'maker "secret" & 100%/+ value';

describe("hideSecrets", () => {
  it.each([
    ["in plain text", `bad secret ${secret}!`, "bad secret [hidden]!"],
    ["in JSON", `{"api_secret":${JSON.stringify(secret)}}`, '{"api_secret":"[hidden]"}'],
    ["in a URL", `?s=${encodeURIComponent(secret)}&x=1`, "?s=[hidden]&x=1"],
    ["in a form", `api_${new URLSearchParams({ secret })}&x=1`, "api_secret=[hidden]&x=1"],
    ["twice", `${secret}, ${secret}`, "[hidden], [hidden]"],
  ])("hides a secret %s", (_how, text, shown) => {
    expect(hideSecrets(text, [secret])).toBe(shown);
  });

  it.each(["", "u", "us", "user:"])("hides a secret in base64 after %j", (before) => {
    const encoded = Buffer.from(`${before}${secret}, more`).toString("base64");
    const shown = hideSecrets(`got ${encoded}.`, [secret]);
    expect(shown).toContain("[hidden]");
    expect(Buffer.from(shown.replace("[hidden]", ""), "base64").toString()).not.toContain("secret");
  });

  it("hides the pieces of a secret that a library shortens", () => {
    expect(hideSecrets(`input_value='${secret.slice(0, 14)}...${secret.slice(-13)}'`, [secret])).toBe(
      "input_value='[hidden]...[hidden]'",
    );
  });

  it.each([
    ["a token that is not in the list", `joined with ${token}`, "joined with [hidden]"],
    ["a token that is cut off", `"livekit_token":"${token.slice(0, 40)}`, '"livekit_token":"[hidden]'],
    ["a bearer token", "sent Authorization: Bearer abcdefghijk", "sent Authorization: Bearer [hidden]"],
    ["a password in a URL", "GET https://me:pass@example.com/a", "GET https://[hidden]@example.com/a"],
    ["a signature in a URL", "GET https://example.com/a.jpg?X-Sig=12ab failed", "GET https://example.com/a.jpg?… failed"],
    ["an image in base64", `"image":"${"/9j/4AAQ".repeat(40)}=="`, '"image":"[hidden]"'],
  ])("hides %s", (_what, text, shown) => {
    expect(hideSecrets(text)).toBe(shown);
  });

  it("leaves everything else unchanged, including short values", () => {
    const sentence = `no face in image ${"0123abcd".repeat(8)} of room-1 (https://example.com/a/b/c.jpg), task 3f-1`;
    expect(hideSecrets(sentence, ["t", "face", "another-secret"])).toBe(sentence);
  });

  it("shows no secret, in any surrounding text", () => {
    const text = fc.string({ maxLength: 40 });
    fc.assert(
      fc.property(text, text, fc.stringMatching(/^[!-~]{12,60}$/), (before, after, value) => {
        for (const spelling of [value, JSON.stringify(value), encodeURIComponent(value)]) {
          expect(hideSecrets(`${before}${spelling}${after}`, [value])).not.toContain(value);
        }
      }),
    );
  });
});
