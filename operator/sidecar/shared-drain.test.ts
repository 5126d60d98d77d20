import { describe, expect, it } from "vitest";
import { SharedDrain } from "./shared-drain.ts";

/** Drains that the test ends. */
function drains() {
  const begun: { readonly end: (outcome: "drained") => void; readonly stop: AbortSignal }[] = [];
  const shared = new SharedDrain(
    (stop) =>
      new Promise((resolve) => {
        stop.addEventListener("abort", () => resolve("aborted"));
        begun.push({ end: resolve, stop });
      }),
  );
  return { begun, shared };
}
const never = () => new AbortController().signal;

describe("a shared drain", () => {
  it("checks the worker once for all callers", async () => {
    const { begun, shared } = drains();
    const first = shared.wait(never());
    const later = Promise.all(Array.from({ length: 100 }, () => shared.wait(never())));
    begun[0]!.end("drained");
    expect(await first).toBe("drained");
    await expect.poll(() => begun.length).toBe(2);
    begun[1]!.end("drained");
    expect(new Set(await later)).toEqual(new Set(["drained"]));
    expect(begun).toHaveLength(2);
  });

  it("starts another drain for a caller during a drain, because the first may have missed a launch", async () => {
    const { begun, shared } = drains();
    void shared.wait(never());
    const second = shared.wait(never());
    begun[0]!.end("drained");
    await expect.poll(() => begun.length).toBe(2);
    begun[1]!.end("drained");
    expect(await second).toBe("drained");
  });

  it("ends when the last caller leaves, and starts again for the next", async () => {
    const { begun, shared } = drains();
    const [one, other] = [new AbortController(), new AbortController()];
    const waits = [shared.wait(one.signal), shared.wait(other.signal)];
    one.abort();
    expect(begun[0]!.stop.aborted).toBe(false);
    other.abort();
    expect([begun[0]!.stop.aborted, await Promise.all(waits)]).toEqual([true, ["aborted", "aborted"]]);
    const next = shared.wait(never());
    begun[1]!.end("drained");
    expect(await next).toBe("drained");
    expect(await shared.wait(AbortSignal.abort())).toBe("aborted");
  });
});
