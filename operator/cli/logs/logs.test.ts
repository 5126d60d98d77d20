import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { ListOptions, PodLogOptions } from "../../kube/client.ts";
import { KubeError } from "../../kube/errors.ts";
import type { ObjectRef } from "../../kube/types.ts";
import { readLine } from "./log-line.ts";
import { readLogs } from "./logs.ts";
import { ReorderBuffer } from "./merge.ts";

const at = (second: number, message: string) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.5Z ${message}`;

function pod(name: string, namespace: string, restartCount = 0) {
  return {
    metadata: { name, namespace, uid: name },
    status: { containerStatuses: [{ name: "main", restartCount, state: { running: {} } }] },
  };
}

type Pod = ReturnType<typeof pod>;

interface World {
  /** By component. */
  readonly pods: Readonly<Record<"operator" | "gateway" | "worker", readonly Pod[]>>;
  readonly logs: Readonly<Record<string, (query: PodLogOptions) => readonly (string | KubeError)[]>>;
}

function setup(world: World) {
  let { pods } = world;
  const queries: (PodLogOptions & { readonly pod: string })[] = [];
  const lines: string[] = [];
  const hints: string[] = [];
  const clock = new FakeClock();
  const stop = new AbortController();
  const client = {
    list: async (_type: unknown, { labelSelector = "" }: ListOptions = {}) => {
      const component = /component=(operator|gateway)/.exec(labelSelector)?.[1] ?? "worker";
      return { items: pods[component as "worker"] as never[], resourceVersion: "1" };
    },
    async *podLog({ name }: ObjectRef, query: PodLogOptions) {
      queries.push({ pod: name, ...query });
      for (const line of world.logs[name]?.(query) ?? []) {
        if (line instanceof KubeError) throw line;
        yield line;
      }
      if (query.follow) await new Promise((end) => query.signal?.addEventListener("abort", end));
    },
  };
  const read = (options: object = {}) =>
    readLogs(
      {
        ...{ namespace: "avatars", pool: "support", operatorNamespace: "avatarpool", follow: false },
        ...{ sinceSeconds: undefined, tailLines: 5, ...options },
      },
      {
        client,
        clock,
        signal: stop.signal,
        onLine: ({ source, message }) => void lines.push(`${source}: ${message}`),
        hint: (line) => void hints.push(line),
      },
    ).then(
      () => undefined,
      (error: Error) => error.message,
    );
  const become = (next: World["pods"]) => {
    pods = next;
  };
  return { read, become, queries, lines, hints, clock, stop };
}

const none = { operator: [], gateway: [], worker: [] };
const forbidden = new KubeError("forbidden", {
  ...{ status: 403, reason: "Forbidden" },
  said: 'pods "w" is forbidden: User "ann" cannot get resource "pods/log" in API group "" in the namespace "avatars"',
});

describe("logs", () => {
  it("merges operator, gateways and workers by time, each with its own tail", async () => {
    const { read, lines, queries } = setup({
      pods: { operator: [pod("op", "avatarpool")], gateway: [pod("gw", "avatarpool")], worker: [pod("w", "avatars")] },
      logs: {
        op: () => [at(1, "a"), at(4, "d")],
        gw: () => [at(2, "b"), at(5, '{"pool":"sales","msg":"of another pool"}')],
        w: () => [at(3, "c")],
      },
    });
    expect(await read()).toBeUndefined();
    expect(lines).toEqual(["op: a", "gw: b", "w: c", "op: d"]);
    expect(queries).toHaveLength(3);
    expect(queries[0]).toMatchObject({ container: "main", tailLines: 5, timestamps: true });
  });

  it("reports a missing permission once, and still prints what may be read", async () => {
    const pods = { ...none, gateway: [pod("gw", "avatarpool")], worker: [pod("w", "avatars"), pod("w2", "avatars")] };
    const { read, lines, hints } = setup({ pods, logs: { gw: () => [at(1, "a")], w: () => [forbidden], w2: () => [forbidden] } });
    expect(await read()).toBeUndefined();
    expect(lines).toEqual(["gw: a"]);
    expect(hints).toEqual([
      expect.stringMatching(/^no logs: you are not allowed to get pods\/log in namespace avatars: request the role view/),
    ]);
  });

  it("fails if nothing may be read, or if there is nothing", async () => {
    const denied = setup({ pods: { ...none, worker: [pod("w", "avatars")] }, logs: { w: () => [forbidden] } });
    expect(await denied.read()).toBe("there is no log that you are allowed to read: see above");
    expect(await setup({ pods: none, logs: {} }).read()).toMatch(/^there are no pods with logs: check/);
  });

  it("follows new pods and new runs of a container from their beginning", async () => {
    const first = { ...none, worker: [pod("w", "avatars")] };
    const { read, become, clock, lines, queries, stop } = setup({
      pods: first,
      logs: { w: () => [at(1, "first run")], w2: () => [at(3, "new pod")] },
    });
    const reading = read({ follow: true });
    await clock.advance(1_000);
    expect(lines).toEqual(["w: first run"]);
    become({ ...none, worker: [pod("w", "avatars", 1), pod("w2", "avatars")] });
    await clock.advance(4_000);
    expect(lines).toContain("w2: new pod");
    expect(queries.map(({ pod: name, tailLines }) => [name, tailLines])).toEqual([
      ["w", 5],
      ["w", undefined],
      ["w2", undefined],
    ]);
    stop.abort();
    await clock.advance(1_000);
    expect(await reading).toBeUndefined();
  });

  it("continues a broken stream at its last line, and gives up after five attempts", async () => {
    const broken = new KubeError("connection reset", { status: 0, reason: "NoAnswer" });
    const { read, clock, lines, queries, hints, stop } = setup({
      pods: { ...none, worker: [pod("w", "avatars")] },
      logs: { w: ({ sinceTime }) => [at(1, "a"), ...(sinceTime === undefined ? [] : [at(1, "a"), at(2, "b")]), broken] },
    });
    const reading = read({ follow: true });
    await clock.advance(60_000);
    expect(lines).toEqual(["w: a", "w: b"]);
    expect(queries.map(({ sinceTime }) => sinceTime)).toEqual([
      undefined,
      ...["2026-01-01T00:00:01.5Z", "2026-01-01T00:00:02.5Z", "2026-01-01T00:00:02.5Z", "2026-01-01T00:00:02.5Z"],
    ]);
    stop.abort();
    await clock.advance(1_000);
    await reading;
    expect(hints).toEqual(["no log of w: connection reset"]);
  });
});

describe("lines that arrive out of order", () => {
  it("are released by time, and early if too many wait", () => {
    const released: string[] = [];
    const buffer = new ReorderBuffer({ windowMs: 300, limit: 4, release: ({ message }) => void released.push(message) });
    const add = (second: number, nowMs: number) => buffer.add(readLine("s", at(second, String(second))), nowMs);
    add(2, 0);
    add(1, 100);
    add(5, 200);
    buffer.flush(300);
    expect(released).toEqual(["1", "2"]);
    for (const second of [9, 8, 7, 6]) add(second, 400);
    expect(released).toEqual(["1", "2", "5", "6"]);
    buffer.end();
    expect(released).toEqual(["1", "2", "5", "6", "7", "8", "9"]);
  });
});
