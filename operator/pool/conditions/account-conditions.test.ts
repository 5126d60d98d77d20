import { describe, expect, it } from "vitest";
import { defaultSpec, gpuOnly, load, NOW_MS, pod, pool, report, snapshot, type WorldChange } from "../../../test/support/pools.ts";
import type { OverflowErrorKind } from "../../api/load-report.ts";
import type { AvatarPoolSpecInput } from "../../api/v1alpha1/index.ts";
import { LoadHub } from "../load/load-hub.ts";
import { plan } from "../plan.ts";
import { statusOf } from "../report/status.ts";
import { conditionsOf } from "./conditions.ts";

const found = (type: string, change: WorldChange, spec: Partial<AvatarPoolSpecInput>) => {
  const seen = snapshot(pool({ ...gpuOnly, ...spec }), { pods: [pod("a")], ...change });
  const finding = conditionsOf(seen, plan(seen)).find((each) => each.type === type);
  return finding && [finding.status, finding.reason, finding.message];
};
const says = (text: string) => expect.stringContaining(text);

describe("OverflowReady", () => {
  const spec = { overflow: { maxSessions: 2 } };
  const failed = (kind: Exclude<OverflowErrorKind, "rejected">, agoMs = 0) => ({
    overflow: { sessions: 0, error: { kind, lastMs: NOW_MS - agoMs } },
  });

  it.each<[string, WorldChange, unknown[]]>([
    ["nothing is wrong", { overflow: { sessions: 1 } }, ["True", "Available", says("overflow to the maker's cloud")]],
    ["no gateway has reported", {}, ["True", "Available", says("overflow to the maker's cloud")]],
    ["the cap is reached", { overflow: { sessions: 2 } }, ["False", "CapReached", says("2 sessions count")]],
    ["there is no secret", { credentials: { kind: "no-secret" } }, ["False", "SecretNotFound", says("create secret")]],
    [
      "the cloud rejects the secret",
      failed("unauthorized"),
      ["False", "SecretRefused", says("(401): renew the secret (Secret avatars/maker")],
    ],
    ["there are no credits", failed("no_credits"), ["False", "NoCredits", says("(402), or is suspended: buy credits")]],
    ["the account is full", failed("concurrency_limit"), ["False", "ConcurrencyLimit", says("(403): upgrade the plan")]],
    ["the cloud limits the request rate", failed("rate_limited"), ["False", "RateLimited", says("(429)")]],
    ["gateways may not read the secret", failed("secret_unreadable"), ["False", "SecretUnreadable", says("gateway.secretAccess")]],
    [
      "gateways never could read the secret",
      { forbiddenSecrets: ["maker"] },
      ["False", "SecretUnreadable", says("gateway.secretAccess")],
    ],
    ["the cloud is unreachable", failed("unreachable"), ["False", "Unreachable", says("check overflow.url")]],
    ["the cloud was unreachable ten minutes ago", failed("unreachable", 600_000), ["True", "Available", says("overflow to")]],
  ])("when %s", (_when, change, expected) => {
    expect(found("OverflowReady", change, spec)).toEqual(expected);
  });

  it("names presets that the cloud cannot load", () => {
    const { presets, workers } = defaultSpec;
    expect(found("OverflowReady", {}, { ...spec, presets, workers })?.[2]).toContain(
      "except for leo: the cloud cannot load your .imx models",
    );
  });

  it("is absent for a pool without overflow", () => {
    expect(found("OverflowReady", {}, {})).toBeUndefined();
  });
});

describe("SecretsUsable", () => {
  const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
  const spec = { livekit, launch: { auth: { secretRef: { name: "clients" } } } };
  const clients = (problem: NonNullable<WorldChange["secretProblems"]>[number]["problem"]) => ({
    field: "launch.auth" as const,
    name: "clients",
    problem,
  });
  const lacksKey = { field: "livekit.apiKeyRef", name: "livekit", problem: { kind: "no-keys", missing: ["api-key"] } } as const;

  it("holds if nothing is missing, and is absent for a pool that names no Secret", () => {
    expect(found("SecretsUsable", {}, spec)?.slice(0, 2)).toEqual(["True", "SecretFound"]);
    expect(found("SecretsUsable", {}, {})).toBeUndefined();
  });

  it("reports that no client can launch, and that the pool is not ready", () => {
    const missing = { secretProblems: [clients({ kind: "no-secret" })] };
    const sentence = says(
      "so every launch is rejected: kubectl -n avatars create secret generic clients --from-literal=<client>=<token>",
    );
    expect(found("SecretsUsable", missing, spec)).toEqual(["False", "SecretNotFound", sentence]);
    expect(found("Ready", missing, spec)).toEqual(["False", "SecretNotFound", sentence]);
    const empty = { secretProblems: [clients({ kind: "no-tokens" })] };
    expect(found("Ready", empty, spec)).toEqual(["False", "NoTokens", says("add a key for each client")]);
  });

  it("reports that gateways may not read the tokens, unless there are none", () => {
    const forbidden = { forbiddenSecrets: ["clients"] };
    const sentence =
      "the gateways are not allowed to read Secret avatars/clients of launch.auth, so every launch is rejected: set gateway.secretAccess";
    expect(found("SecretsUsable", forbidden, spec)).toEqual(["False", "SecretUnreadable", says(sentence)]);
    expect(found("Ready", forbidden, spec)?.slice(0, 2)).toEqual(["False", "SecretUnreadable"]);
    const missing = { ...forbidden, secretProblems: [clients({ kind: "no-secret" })] };
    expect(found("SecretsUsable", missing, spec)?.[1]).toBe("SecretNotFound");
    const unknown = { ...forbidden, secretProblems: [clients({ kind: "unknown", why: "forbidden" })] };
    expect(found("SecretsUsable", unknown, spec)?.[1]).toBe("SecretUnreadable");
  });

  it("reports a missing LiveKit key, and keeps the pool ready", () => {
    const change = { secretProblems: [lacksKey] };
    const sentence = says("Secret avatars/livekit of livekit.apiKeyRef lacks api-key, so webhooks are rejected");
    expect(found("SecretsUsable", change, spec)).toEqual(["False", "SecretKeyMissing", sentence]);
    expect(found("Ready", change, spec)?.[0]).toBe("True");
  });

  it("does not treat an unreadable Secret as missing, and reports missing Secrets first", () => {
    const unknown = clients({ kind: "unknown", why: "forbidden" });
    expect(found("SecretsUsable", { secretProblems: [unknown] }, spec)).toEqual(["Unknown", "SecretUnknown", says("forbidden")]);
    expect(found("Ready", { secretProblems: [unknown] }, spec)?.[0]).toBe("True");
    expect(found("SecretsUsable", { secretProblems: [unknown, lacksKey] }, spec)?.slice(0, 2)).toEqual([
      "False",
      "SecretKeyMissing",
    ]);
  });
});

describe("gateway reports on the cloud and on reclaimed slots", () => {
  const KEY = "avatars/support";

  it("add up, and the newest error counts", () => {
    const hub = new LoadHub();
    hub.setGateways(["a", "b"], NOW_MS);
    const error = (kind: "no_credits" | "unreachable", agoMs: number) => ({ sessions: 1, error: { kind, lastMs: NOW_MS - agoMs } });
    hub.accept("a", report("a", [load({ overflow: error("no_credits", 5_000) })]), NOW_MS);
    hub.accept("b", report("b", [load({ overflow: error("unreachable", 9_000) })]), NOW_MS);
    expect(hub.view(KEY, NOW_MS).overflow).toMatchObject({ sessions: 2, error: { kind: "no_credits" } });
  });

  it("count the slots reclaimed since the operator started, across a restart of the gateway", () => {
    const hub = new LoadHub();
    hub.setGateways(["a"], NOW_MS);
    const tell = (gateway: string, sessions: number) =>
      hub.accept("a", report(gateway, [load({ reclaimed: { sessions, slotSeconds: sessions * 500 } })]), NOW_MS);
    for (const sessions of [7, 8, 10]) tell("first", sessions);
    for (const sessions of [1, 2]) tell("second", sessions);
    expect(hub.view(KEY, NOW_MS).reclaimed).toEqual({ sessions: 4, slotSeconds: 2_000 });
  });

  it("are in the status of pools that enable it, added to the counts of a previous operator", () => {
    const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
    const view = pool({ ...gpuOnly, livekit, overflow: { maxSessions: 2 } });
    const seen = { ...snapshot(view, { overflow: { sessions: 2 } }), reclaimed: { sessions: 3, slotSeconds: 1_500 } };
    const status = statusOf(seen, plan(seen), []);
    const reclaimed = { sessions: 3, slotSeconds: 1_500 };
    expect(status).toMatchObject({ overflowSessions: 2, reclaimed, wonBack: reclaimed });
    const plain = snapshot(pool(gpuOnly));
    expect(Object.keys(statusOf(plain, plan(plain), []))).not.toContain("reclaimed");
  });
});
