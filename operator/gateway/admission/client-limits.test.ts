import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { ClientLimits } from "./client-limits.ts";

describe("ClientLimits", () => {
  it("accepts one minute's launches at once, and then only those that the rate permits", async () => {
    const clock = new FakeClock();
    const limits = new ClientLimits(clock);
    const enter = () => limits.enter("pool/ann", { launchesPerMinute: 6 });
    for (let launch = 0; launch < 6; launch += 1) expect(enter().kind).toBe("entered");
    expect(enter()).toEqual({ kind: "refused", limit: "launchesPerMinute", retryAfterMs: 10_000 });
    await clock.advance(10_000);
    expect(enter().kind).toBe("entered");
    expect(enter().kind).toBe("refused");
    await clock.advance(3_600_000);
    for (let launch = 0; launch < 6; launch += 1) expect(enter().kind).toBe("entered");
    expect(enter().kind).toBe("refused");
  });

  it("limits launches in progress, and accepts another after each that ends", () => {
    const limits = new ClientLimits(new FakeClock());
    const enter = (client = "pool/ann") => limits.enter(client, { launchesAtOnce: 2 });
    const first = enter();
    enter();
    expect(enter()).toMatchObject({ kind: "refused", limit: "launchesAtOnce" });
    expect(enter("pool/bob").kind).toBe("entered");
    if (first.kind === "entered") {
      first.leave();
      first.leave();
    }
    expect(enter().kind).toBe("entered");
    expect(enter().kind).toBe("refused");
  });

  it("does not count a rejected launch", () => {
    const limits = new ClientLimits(new FakeClock());
    const allowed = { launchesAtOnce: 1, launchesPerMinute: 2 };
    const first = limits.enter("ann", allowed);
    for (let refused = 0; refused < 5; refused += 1) limits.enter("ann", allowed);
    if (first.kind === "entered") first.leave();
    expect(limits.enter("ann", allowed).kind).toBe("entered");
  });
});
