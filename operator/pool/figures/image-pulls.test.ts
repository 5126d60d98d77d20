import { describe, expect, it } from "vitest";
import { pod } from "../../../test/support/pools.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { ImagePulls, pullMsOf } from "./image-pulls.ts";

/** An event as the kubelet of Kubernetes 1.37 writes it. */
const event = (note: string, fieldPath?: string) => ({
  reason: "Pulled",
  note,
  regarding: { kind: "Pod", ...(fieldPath && { fieldPath }) },
});
const pulled = (inTime: string, withWait: string) =>
  `Successfully pulled image "registry.test/expression:1" in ${inTime} (${withWait} including waiting). Image size: 19000000000 bytes.`;
const PRESENT = 'Container image "registry.test/expression:1" already present on machine and can be accessed by the pod';
const WORKER = "spec.containers{worker}";

describe("pullMsOf", () => {
  it("is the time of the worker's pull, with the wait for pulls of other pods", () => {
    expect(pullMsOf([event(pulled("2m1.5s", "2m4.25s"), WORKER)])).toBe(124_250);
    expect(pullMsOf([event(pulled("840ms", "1h0m0.002s"), WORKER)])).toBe(3_600_002);
  });

  it("is zero if the node has the image", () => {
    expect(pullMsOf([event(PRESENT, WORKER)])).toBe(0);
    expect(pullMsOf([event('Container image "a" already present on machine', WORKER)])).toBe(0);
    expect(pullMsOf([event(pulled("0s", "0s"), WORKER)])).toBe(0);
  });

  it("includes what the worker waits for: init containers and image volumes, and no other container", () => {
    const others = [
      event(pulled("1s", "1s"), "spec.initContainers{fetch-assets}"),
      event(PRESENT, "spec.initContainers{drain}"),
      event(pulled("2s", "2s")),
      event(pulled("30s", "30s"), "spec.containers{logs}"),
    ];
    expect(pullMsOf([...others, event(pulled("4s", "4s"), WORKER)])).toBe(7_000);
    expect(pullMsOf(others), "without the worker's own event").toBeUndefined();
  });

  it("is unknown for a message in another form", () => {
    expect(pullMsOf([event("Pulled the image", WORKER)])).toBeUndefined();
    expect(pullMsOf([event(pulled("1s", "soon"), WORKER)])).toBeUndefined();
    expect(pullMsOf([event(PRESENT, WORKER), event(pulled("1s", "1s 2"))])).toBeUndefined();
    expect(pullMsOf([])).toBeUndefined();
  });
});

describe("ImagePulls", () => {
  const logger = createLogger("operator", "silent");
  const needed = () => true;

  it("reads the events of one pod at a time, and of at most a hundred that wait", async () => {
    const asked: unknown[] = [];
    const waiting: (() => void)[] = [];
    const client = {
      list: async (_type: unknown, options: unknown) => {
        asked.push(options);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return { items: [event(pulled("1s", "1s"), WORKER)] as never[], resourceVersion: "1" };
      },
    };
    const pulls = new ImagePulls({ client, logger });
    const results = Array.from({ length: 101 }, (_, at) => pulls.of(pod(`w${at}`), needed));
    expect(await results[100], "the last one").toBeUndefined();
    for (let at = 0; at < 100; at++) {
      expect(asked).toHaveLength(at + 1);
      waiting.shift()?.();
      expect(await results[at]).toBe(1_000);
      await Promise.resolve();
    }
    expect(asked[0]).toEqual({ namespace: "avatars", fieldSelector: "regarding.uid=uid-w0,reason=Pulled", limit: 50 });
    void pulls.of(pod("later"), needed);
    await expect.poll(() => asked.length).toBe(101);
  });

  it("continues after events that cannot be read, and does not read those that nobody needs", async () => {
    let requests = 0;
    const list = () => {
      requests++;
      return Promise.reject(new Error("forbidden"));
    };
    const pulls = new ImagePulls({ client: { list }, logger });
    expect(await pulls.of(pod("a"), needed)).toBeUndefined();
    expect(await pulls.of(pod("b"), () => false)).toBeUndefined();
    expect(await pulls.of(pod("c"), needed)).toBeUndefined();
    expect(requests).toBe(2);
  });
});
