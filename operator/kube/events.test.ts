import { describe, expect, it } from "vitest";
import { createLogger } from "../telemetry/logger.ts";
import type { KubeClient } from "./client.ts";
import { type EventRecord, recordEvent } from "./events.ts";

const event: EventRecord = {
  regarding: { kind: "AvatarPool", namespace: "ns", name: "support", uid: "u1" },
  type: "Normal",
  reason: "Scaled",
  note: "from 1 to 2",
  action: "Scale",
  reportingInstance: "operator-1",
  nowMs: Date.UTC(2026, 0, 1),
};

async function recorded(change: Partial<EventRecord>): Promise<{ readonly note?: string; readonly eventTime?: string }> {
  const created: object[] = [];
  const create: KubeClient["create"] = async (_type, object) => {
    created.push(object);
    return object;
  };
  await recordEvent({ create }, { ...event, ...change }, createLogger("test", "silent"));
  return created[0] ?? {};
}

describe("recordEvent", () => {
  it("writes an event in the object's namespace, with a unique name and a time in microseconds", async () => {
    expect(await recorded({})).toMatchObject({
      metadata: { namespace: "ns", generateName: "support-" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "avatarpool-operator",
    });
  });

  it("cuts a note at the API's byte limit, never inside a character", async () => {
    const { note = "" } = await recorded({ note: "€".repeat(2_000) });
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^€{300,}…$/);
  });

  it("never throws", async () => {
    const create = () => Promise.reject(new Error("forbidden"));
    await recordEvent({ create }, event, createLogger("test", "silent"));
  });
});
