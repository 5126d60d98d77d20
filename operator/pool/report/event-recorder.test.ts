import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { eventRecorder } from "./event-recorder.ts";
import type { PoolEvent } from "./reporter.ts";

const event = (type: PoolEvent["type"], name: string): PoolEvent => ({
  type,
  reason: "Scaled",
  note: `of ${name}`,
  regarding: { apiVersion: "", kind: "AvatarPool", namespace: "avatars", name, uid: name },
});

function recorder({ answers = true } = {}) {
  const clock = new FakeClock();
  const written: string[] = [];
  const dropped: string[] = [];
  const sink = new Writable({
    write: (line, _encoding, done) => {
      dropped.push(JSON.parse(String(line)).note);
      done();
    },
  });
  const client = {
    create: <T extends object>(_type: unknown, object: T) => {
      written.push("note" in object ? String(object.note) : "");
      return answers ? Promise.resolve(object) : new Promise<T>(() => {});
    },
  };
  const record = eventRecorder({ client, reportingInstance: "o", clock, logger: createLogger("test", "info", sink) });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, written, dropped, record, settle };
}

it("limits events of many pools that change at once to ten a second after the burst, and reserves room for warnings", async () => {
  const { clock, written, dropped, record, settle } = recorder();
  for (let pool = 0; pool < 1_000; pool++) {
    record(event("Normal", `p${pool}`));
    await settle();
  }
  expect([written.length, dropped.length]).toEqual([75, 925]);
  expect(dropped[0]).toBe("of p75");
  for (let pool = 0; pool < 100; pool++) record(event("Warning", "broken"));
  expect(written.length).toBe(100);
  await settle();
  await clock.advance(10_000);
  for (let pool = 0; pool < 1_000; pool++) {
    record(event("Warning", "later"));
    await settle();
  }
  expect(written.length).toBe(200);
});

it("bounds the number of events that wait for the API server", () => {
  const { written, record } = recorder({ answers: false });
  for (let pool = 0; pool < 75; pool++) record(event("Normal", "p"));
  expect(written.length).toBe(50);
});
