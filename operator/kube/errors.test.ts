import { describe, expect, it } from "vitest";
import { errorFromAnswer, errorFromCause, isMissingRight, isRetryable, malformed, requestFailureOf } from "./errors.ts";

const answer = (status: number, message = "no", reason = "") =>
  errorFromAnswer("PATCH /x", { status, body: JSON.stringify({ kind: "Status", reason, message }), nowMs: 0 });

describe("requestFailureOf", () => {
  it.each([
    [400, "refused"],
    [403, "refused"],
    [405, "refused"],
    [413, "refused"],
    [415, "refused"],
    [422, "refused"],
    [404, "failed"],
    [408, "failed"],
    [409, "failed"],
    [500, "failed"],
    [504, "failed"],
    [401, "unavailable"],
    [429, "unavailable"],
    [503, "unavailable"],
  ])("%i: %s", (status, failure) => {
    expect(requestFailureOf(answer(status))).toBe(failure);
  });

  it("distinguishes a kind that is not served from a missing object", () => {
    expect(requestFailureOf(answer(404, "the server could not find the requested resource"))).toBe("refused");
  });

  it("does not treat an admission plugin that has just started as a refusal", () => {
    expect(requestFailureOf(answer(403, 'pods "x" is forbidden: not yet ready to handle request'))).toBe("failed");
  });

  it("treats a field that this Kubernetes does not have as a refusal, although its status is 500", () => {
    const unknown = answer(500, "failed to create typed patch object: .spec.x: field not declared in schema");
    expect([requestFailureOf(unknown), isRetryable(unknown)]).toEqual(["refused", false]);
    expect(isRetryable(answer(500))).toBe(true);
  });

  it("recognizes an unreachable server and programming errors", () => {
    expect(requestFailureOf(errorFromCause("GET /x", new Error("ECONNREFUSED")))).toBe("unavailable");
    expect(requestFailureOf(malformed("no list"))).toBe("failed");
    expect(requestFailureOf(new TypeError("x"))).toBe("failed");
  });
});

it("keeps the API server's message, and recognizes a missing permission from it", () => {
  const right = answer(
    403,
    'pods "a" is forbidden: User "system:x" cannot patch resource "pods" in API group "" in the namespace "n"',
  );
  expect(right.said).toMatch(/^pods "a" is forbidden: User/);
  expect(isMissingRight(right)).toBe(true);
  expect(isMissingRight(answer(403, 'admission webhook "w" denied the request: cannot patch'))).toBe(false);
});
