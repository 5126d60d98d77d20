import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { gpuOnly, pool } from "../../../test/support/pools.ts";
import { conflict, forbidden, invalid, outage, RecordingClient } from "../../../test/support/recording-client.ts";
import { KubeError } from "../../kube/errors.ts";
import { deployments, pods } from "../../kube/resource-types.ts";
import { guardedClient } from "./guarded-client.ts";
import { quotable, targetOf } from "./refusal.ts";
import { Refusals } from "./refusals.ts";

const KEY = "avatars/support";
const noRight = (name: string) =>
  forbidden(
    `pods "${name}" is forbidden: User "system:serviceaccount:avatarpool:operator" cannot patch resource "pods" in API group "" in the namespace "avatars"`,
  );

function setup() {
  const clock = new FakeClock();
  const api = new RecordingClient();
  const seen: string[] = [];
  const refusals = new Refusals({ clock, random: () => 1, onRefused: (_key, { name }) => seen.push(name) });
  const generation = (number: number) => pool(gpuOnly, { generation: number }).config;
  const clientAt = (number = 1) => guardedClient(api as never, refusals, generation(number));
  const write = (replicas: number, number = 1, name = "support-gpu") => {
    const object = { metadata: { namespace: "avatars", name, resourceVersion: String(api.requests) }, spec: { replicas } };
    return clientAt(number)
      .apply(deployments, object)
      .then(
        () => "written",
        (error: KubeError) => error.said,
      );
  };
  const mark = (name: string) =>
    clientAt()
      .apply(pods, { metadata: { namespace: "avatars", name } })
      .then(
        () => "written",
        (error: KubeError) => error.said,
      );
  const sweep = (sinceMs: number, names: readonly string[] = []) => refusals.sweep(generation(1), sinceMs, new Set(names));
  return { clock, api, refusals, seen, write, mark, sweep };
}

describe("Refusals", () => {
  it("retries a rejected request only after a delay that grows to five minutes", async () => {
    const { clock, api, write, refusals, seen } = setup();
    api.refuses = () => invalid("no");
    const sentAtMs: number[] = [];
    for (let second = 0; second < 1_500; second++) {
      const before = api.requests;
      expect(await write(1)).toBe("no");
      if (api.requests > before) sentAtMs.push(second);
      await clock.advance(1_000);
    }
    expect(sentAtMs).toEqual([0, 10, 30, 70, 150, 310, 610, 910, 1_210]);
    expect(seen).toHaveLength(sentAtMs.length);
    expect(refusals.of(KEY)).toMatchObject([{ kind: "Deployment", name: "support-gpu", status: 422, said: "no" }]);
  });

  it("sends a different request at once, and every request after a change of the pool's spec", async () => {
    const { api, write, refusals } = setup();
    api.refuses = () => invalid("no");
    await write(1);
    await write(2);
    expect(api.requests).toBe(2);
    await write(2, 2);
    expect(api.requests).toBe(3);
    api.refuses = () => undefined;
    expect(await write(2, 3)).toBe("written");
    expect(refusals.of(KEY)).toEqual([]);
  });

  it("checks with one request whether a missing permission was granted, and names no single object", async () => {
    const { clock, api, mark, refusals } = setup();
    api.refuses = ({ name }) => noRight(name);
    for (const name of ["a", "b", "c"]) expect(await mark(name)).toContain("cannot patch");
    expect(api.requests).toBe(1);
    expect(refusals.of(KEY)).toMatchObject([{ name: "", said: expect.stringMatching(/^User "system:.*" cannot patch/) }]);
    await clock.advance(10_000);
    for (const name of ["c", "b"]) await mark(name);
    expect(api.requests).toBe(2);
    await clock.advance(20_000);
    api.refuses = () => undefined;
    expect(await mark("a")).toBe("written");
    expect(refusals.of(KEY)).toEqual([]);
  });

  it("sends no further objects of a kind after many were rejected", async () => {
    const { api, mark, refusals } = setup();
    api.refuses = () => forbidden('admission webhook "w" denied the request: no');
    for (let turn = 0; turn < 3; turn++) for (let index = 0; index < 100; index++) await mark(`pod-${index}`);
    expect(api.requests).toBe(33);
    expect(refusals.of(KEY)).toHaveLength(33);
  });

  it("removes an obsolete request when its retry is due, and a request about a deleted pod at once", async () => {
    const { clock, api, write, mark, refusals, sweep } = setup();
    api.refuses = ({ plural }) => (plural === "pods" ? forbidden("admission webhook") : invalid("no"));
    await write(1);
    await mark("a");
    await clock.advance(1);
    sweep(clock.now(), ["a"]);
    expect(refusals.of(KEY), "before the retry is due").toHaveLength(2);
    sweep(clock.now());
    expect(refusals.of(KEY)).toMatchObject([{ kind: "Deployment" }]);
    expect(refusals.dueInMs(KEY)).toBe(9_999);
    await clock.advance(9_999);
    sweep(clock.now());
    expect(refusals.of(KEY)).toEqual([]);
  });

  it("reports requests that fail for half a minute, and delays none that may succeed", async () => {
    const { clock, api, write, refusals } = setup();
    api.refuses = () => new KubeError("", { status: 500, reason: "InternalError", said: 'failed calling webhook "w"' });
    await write(1);
    expect(refusals.of(KEY)).toEqual([]);
    await clock.advance(30_000);
    await write(1);
    expect(api.requests).toBe(2);
    expect(refusals.of(KEY)).toMatchObject([{ status: 500, retryAtMs: undefined }]);
    for (const passing of [conflict(), outage()]) {
      api.failNext = passing;
      await write(1, 1, "support-cpu");
    }
    expect(refusals.of(KEY)).toHaveLength(1);
    api.refuses = () => undefined;
    await write(1);
    expect(refusals.of(KEY)).toEqual([]);
  });
});

it("reports the end of a rejection once", async () => {
  const resolved: string[] = [];
  const refusals = new Refusals({
    clock: new FakeClock(),
    random: () => 1,
    onRefused: () => {},
    onResolved: (key) => resolved.push(key),
  });
  const { config } = pool(gpuOnly);
  const target = targetOf("apply", deployments, { namespace: "avatars", name: "support-gpu" });
  const attempt = (generation: number, error?: KubeError) =>
    refusals
      .attempt({ ...config, generation }, target, {}, async () => {
        if (error !== undefined) throw error;
      })
      .catch(() => {});
  await attempt(1, invalid("no"));
  expect(resolved).toEqual([]);
  await attempt(2);
  await attempt(2);
  expect(resolved).toEqual([KEY]);
});

describe("quotes of the API server", () => {
  it("contain no value of the environment, no token, and no credentials of a URL", () => {
    const sent = {
      spec: { template: { spec: { containers: [{ env: [{ name: "KEY", value: "sk-1234567890" }, { name: "A" }] }] } } },
    };
    const said = 'env[0].value: "sk-1234567890", eyJhbGciOiJI.eyJzdWIi.c2ln, https://me:pass@host/x?sig=abc&n=1 is wrong';
    expect(quotable(said, sent)).toBe('env[0].value: "[hidden]", [hidden], https://[hidden]@host/x?… is wrong');
    expect(quotable("no ".repeat(5_000), undefined)).toHaveLength(601);
  });
});
