import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { ScriptedApi } from "../../test/support/scripted-api.ts";
import { createLogger } from "../telemetry/logger.ts";
import { KubeError } from "./errors.ts";
import { Informer, type InformerOptions } from "./informer.ts";
import { pods } from "./resource-types.ts";
import type { KubeObject } from "./types.ts";

type Pod = KubeObject & { readonly spec?: { readonly node: string } };

interface View {
  readonly name: string | undefined;
  readonly version: string | undefined;
}

function pod(name: string, resourceVersion: string, namespace = "a"): Pod {
  return { metadata: { namespace, name, resourceVersion } };
}

function page(resourceVersion: string, items: readonly Pod[], token?: string) {
  return { resourceVersion, items, ...(token !== undefined && { continue: token }) };
}

const gone = new KubeError("too old resource version", { status: 410, reason: "Expired" });
const cut = new KubeError("other side closed", { status: 0, reason: "NoAnswer" });

function setup(options: Partial<InformerOptions<Pod, View>> = {}) {
  const clock = new FakeClock();
  const api = new ScriptedApi();
  const logs: string[] = [];
  const sink = new Writable({ write: (line, _encoding, done) => done(void logs.push(String(line))) });
  const changes: string[] = [];
  const causes: string[] = [];
  const informer = new Informer<View>({
    client: api,
    type: pods,
    namespaces: [],
    transform: (raw: Pod) => ({ name: raw.metadata?.name, version: raw.metadata?.resourceVersion }),
    clock,
    random: () => 0.5,
    logger: createLogger("test", "warn", sink),
    onRestart: (cause) => causes.push(cause),
    ...options,
  });
  informer.onChange((key, after, before) => changes.push(`${key} ${before?.version ?? "-"}>${after?.version ?? "-"}`));
  const stop = new AbortController();
  const running = { ended: Promise.resolve() };
  const run = async () => {
    running.ended = informer.run(stop.signal);
    await clock.advance(0);
  };
  return { api, causes, changes, clock, informer, logs, run, running, stop, view: () => [...informer.store.values()] };
}

describe("Informer: the list", () => {
  it("shows no object before the last page, then all at once", async () => {
    const { api, changes, clock, informer, run } = setup();
    const last = Promise.withResolvers<ReturnType<typeof page>>();
    api.answers.push(page("9", [pod("x", "1")], "more"), last.promise);
    await run();
    expect([informer.store.size, informer.synced, changes]).toEqual([0, false, []]);
    expect(api.lists).toMatchObject([{ limit: 100 }, { limit: 100, continue: "more" }]);

    const sizes: number[] = [];
    informer.onChange(() => sizes.push(informer.store.size));
    last.resolve(page("9", [pod("y", "2")]));
    await clock.advance(0);
    expect([changes, sizes, informer.synced]).toEqual([["a/x ->1", "a/y ->2"], [2, 2], true]);
    expect(api.open.options.resourceVersion).toBe("9");
  });

  it("restarts the list after a continue token expired between two pages, and shows the result at once", async () => {
    const { api, changes, clock, run } = setup();
    api.answers.push(page("5", [pod("x", "1"), pod("gone", "1")], "more"), gone, page("9", [pod("x", "1")]));
    await run();
    await clock.advance(30_000);
    expect(api.lists[2]).not.toHaveProperty("limit");
    expect(changes).toEqual(["a/x ->1"]);
  });

  it("passes the item of the version before to the projection", async () => {
    const seen: (string | undefined)[] = [];
    const transform = ({ metadata }: Pod, before: View | undefined) => {
      seen.push(before?.version);
      return { name: metadata?.name, version: metadata?.resourceVersion };
    };
    const { api, clock, run } = setup({ transform });
    api.answers.push(page("1", [pod("x", "1")]));
    await run();
    api.open.send("MODIFIED", pod("x", "2"));
    await clock.advance(0);
    expect(seen).toEqual([undefined, "1"]);
  });

  it("retries without end, at most 30 s apart", async () => {
    const { api, clock, informer, run } = setup();
    api.answers.push(...Array.from({ length: 60 }, () => cut), page("1", [pod("x", "1")]));
    await run();
    await clock.advance(60 * 15_000 + 1);
    expect(informer.synced).toBe(true);
  });
});

describe("Informer: the watch", () => {
  async function watching(options: Partial<InformerOptions<Pod, View>> = {}) {
    const all = setup(options);
    all.api.answers.push(page("5", [pod("x", "1"), pod("y", "2")]));
    await all.run();
    all.changes.length = 0;
    return all;
  }

  it("follows added, changed and deleted objects", async () => {
    const { api, changes, clock, view } = await watching();
    api.open.send("ADDED", pod("z", "6"));
    api.open.send("MODIFIED", pod("x", "7"));
    api.open.send("DELETED", pod("y", "8"));
    await clock.advance(0);
    expect(changes).toEqual(["a/z ->6", "a/x 1>7", "a/y 2>-"]);
    expect(view()).toEqual(expect.arrayContaining([{ name: "x", version: "7" }]));
    expect(view()).toHaveLength(2);
  });

  it("stays open while it is quiet", async () => {
    const { api, clock } = await watching({ resyncMs: 3_600_000 });
    await clock.advance(290_000);
    expect([api.watches.length, api.lists.length]).toEqual([1, 1]);
    expect(api.open.options.timeoutSeconds).toBe(450);
  });

  it("continues from the last bookmark after the server ends the watch, without a list or a pause", async () => {
    const { api, causes, clock } = await watching();
    api.open.send("BOOKMARK", { metadata: { resourceVersion: "40" } });
    api.open.end();
    await clock.advance(0);
    expect(api.open.options.resourceVersion).toBe("40");
    expect([api.lists.length, causes]).toEqual([1, ["ended"]]);
  });

  it("continues from the last event after a broken connection", async () => {
    const { api, causes, clock } = await watching();
    api.open.send("MODIFIED", pod("x", "7"));
    api.open.fail(cut);
    await clock.advance(250);
    expect(api.open.options.resourceVersion).toBe("7");
    expect([api.watches.length, api.lists.length, causes]).toEqual([2, 1, ["cut"]]);
  });

  it("lists again after a 410 and reports exactly the objects deleted and changed meanwhile", async () => {
    const { api, causes, changes, clock } = await watching();
    api.answers.push(page("90", [pod("x", "1"), pod("z", "80")]));
    api.open.fail(gone);
    await clock.advance(250);
    expect(changes).toEqual(["a/y 2>-", "a/z ->80"]);
    expect([api.open.options.resourceVersion, causes]).toEqual(["90", ["gone"]]);
  });

  it.each([
    ["a line that is not JSON", new KubeError("not JSON", { status: 0, reason: "Malformed" })],
    [
      "a server with an older resource version",
      new KubeError("Too large resource version: 9, current: 2", { status: 504, reason: "Timeout" }),
    ],
    ["a resourceVersion that the server rejects", new KubeError("invalid", { status: 400, reason: "BadRequest" })],
  ])("lists again after %s", async (_what, error) => {
    const { api, clock } = await watching();
    api.answers.push(page("3", []));
    api.open.fail(error);
    await clock.advance(250);
    expect(api.lists).toHaveLength(2);
  });

  it("waits as long as a 429 requests", async () => {
    const { api, clock, causes } = await watching();
    api.open.fail(new KubeError("slow down", { status: 429, reason: "TooManyRequests", retryAfterMs: 7_000 }));
    await clock.advance(6_999);
    expect(api.watches).toHaveLength(1);
    await clock.advance(251);
    expect([api.watches.length, causes]).toEqual([2, ["throttled"]]);
  });

  it("backs off from a server that closes every watch at once", async () => {
    const { api, clock } = await watching();
    for (let i = 0; i < 200; i++) {
      api.open.end();
      await clock.advance(100);
    }
    expect(api.watches.length).toBeLessThan(15);
  });

  it("ends with its signal, also during a back-off, and leaves no timer", async () => {
    const { api, clock, running, stop } = await watching();
    api.refuseWatches = cut;
    api.open.fail(cut);
    await clock.advance(60_000);
    const opened = api.watches.length;
    stop.abort();
    await running.ended;
    await clock.advance(60_000);
    expect([api.watches.length, clock.pending]).toEqual([opened, 0]);
  });
});

describe("Informer: objects and handlers", () => {
  it("omits objects that transform rejects, reports each version once, and continues", async () => {
    const transform = (raw: Pod) => {
      if (raw.metadata?.name === "bad") throw new Error("spec.node is missing");
      return { name: raw.metadata?.name, version: raw.metadata?.resourceVersion };
    };
    const { api, clock, logs, run, view } = setup({ transform });
    api.answers.push(page("5", [pod("bad", "1"), pod("x", "2")]), page("8", [pod("bad", "1"), pod("x", "2")]));
    await run();
    api.open.fail(gone);
    await clock.advance(250);
    const refusals = () => logs.filter((line) => line.includes("spec.node is missing")).length;
    expect([view(), refusals()]).toEqual([[{ name: "x", version: "2" }], 1]);
    api.open.send("MODIFIED", pod("bad", "9"));
    await clock.advance(0);
    expect(refusals()).toBe(2);
  });

  it("removes an item if its object becomes invalid", async () => {
    const { api, changes, clock, run } = setup({ transform: (raw: Pod) => (raw.spec ? undefined : { name: "", version: "1" }) });
    api.answers.push(page("5", [pod("x", "1")]));
    await run();
    api.open.send("MODIFIED", { ...pod("x", "6"), spec: { node: "n" } } as Pod);
    await clock.advance(0);
    expect(changes).toEqual(["a/x ->1", "a/x 1>-"]);
  });

  it("survives invalid objects", async () => {
    const { api, clock, run, view } = setup();
    api.answers.push(page("5", [null, {}, { metadata: { name: 7 } }, pod("x", "1")] as unknown as Pod[]));
    await run();
    api.open.send("ADDED", { metadata: { name: "no-version" } });
    api.open.send("ADDED", pod("y", "6"));
    await clock.advance(0);
    expect(view()).toHaveLength(2);
  });

  it("never passes managedFields to transform", async () => {
    const seen: unknown[] = [];
    const { api, run } = setup({ transform: (raw: Pod) => void seen.push(raw.metadata?.managedFields) });
    api.answers.push(page("5", [{ metadata: { ...pod("x", "1").metadata, managedFields: [{ manager: "kubectl" }] } }]));
    await run();
    expect(seen).toEqual([undefined]);
  });

  it("calls the handlers for every key at each resync, with the same item before and after", async () => {
    const { api, changes, clock, run } = setup();
    api.answers.push(page("5", [pod("x", "1"), pod("y", "2")]));
    await run();
    changes.length = 0;
    await clock.advance(20 * 60_000);
    expect(changes).toEqual(["a/x 1>1", "a/y 2>2", "a/x 1>1", "a/y 2>2"]);
  });

  it("continues after a handler throws, and calls the other handlers", async () => {
    const { api, clock, informer, run } = setup();
    const later: string[] = [];
    informer.onChange(() => {
      throw new Error("a bug");
    });
    const off = informer.onChange((key) => later.push(key));
    api.answers.push(page("5", [pod("x", "1")]));
    await run();
    off();
    api.open.send("ADDED", pod("y", "6"));
    await clock.advance(0);
    expect([later, informer.store.size]).toEqual([["a/x"], 2]);
  });
});

describe("Informer: several namespaces", () => {
  it("is synced after all are listed, and a new list of one leaves the others unchanged", async () => {
    const { api, clock, informer, run, view } = setup({ namespaces: ["a", "b"] });
    const second = Promise.withResolvers<ReturnType<typeof page>>();
    api.answers.push(page("5", [pod("x", "1", "a")]), second.promise);
    await run();
    expect(informer.synced).toBe(false);
    const never = informer.whenSynced(AbortSignal.abort(new Error("stopping")));
    await expect(never).rejects.toThrow("stopping");
    second.resolve(page("6", [pod("x", "2", "b")]));
    await informer.whenSynced();
    await clock.advance(0);
    expect(api.lists.map(({ namespace }) => namespace)).toEqual(["a", "b"]);

    api.answers.push(page("9", []));
    api.watches[0]?.fail(gone);
    await clock.advance(250);
    expect(view()).toEqual([{ name: "x", version: "2" }]);
  });
});

describe("Informer: the age of its view", () => {
  it("is behind after a failure until data arrives, or until a minute passes without another failure", async () => {
    const { api, clock, informer, run } = setup();
    api.answers.push(page("9", [pod("x", "1")]));
    await run();
    expect(informer.behind).toBe(false);
    api.open.fail(cut);
    await clock.advance(0);
    expect(informer.behind).toBe(true);
    await clock.advance(1_000);
    api.open.fail(cut);
    await clock.advance(59_999);
    expect(informer.behind).toBe(true);
    await clock.advance(1);
    expect(informer.behind).toBe(false);
    api.open.fail(cut);
    await clock.advance(5_000);
    api.open.send("MODIFIED", pod("x", "10"));
    await clock.advance(0);
    expect(informer.behind).toBe(false);
  });
});
