import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engines } from "../../operator/engines/index.ts";
import { forward } from "../../operator/gateway/launch/forward.ts";
import { systemClock } from "../../operator/runtime/clock.ts";
import { withDeadline } from "../../operator/runtime/deadline.ts";
import { readReadiness, taskId, taskState, workerMessage } from "../../operator/workers/answers.ts";
import { HttpWorkerClient } from "../../operator/workers/client.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 200) * 10;
const SEED = Number(process.env.SEED ?? Date.now() & 0x7fff_ffff);
const HANG_MS = 5_000;

/** The worker's next response. The worker closes the connection after it. */
let answer: Buffer = Buffer.alloc(0);
const worker = createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", () => socket.end(answer));
});
const client = new HttpWorkerClient();
let origin = "";

beforeAll(async () => {
  worker.listen(0, "127.0.0.1");
  await once(worker, "listening");
  origin = `http://127.0.0.1:${(worker.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await client.close();
  worker.close();
});

const body = fc.oneof(
  fc.constantFrom(
    "",
    "{}",
    "null",
    "[]",
    '{"task_id":{}}',
    '{"task_id":"../../stop"}',
    '{"active_sessions":-1e999}',
    "{".repeat(5_000),
  ),
  fc.json(),
  fc.string({ unit: "binary", maxLength: 200 }),
);
const head = fc.constantFrom(
  "content-type: application/json",
  "content-type: \u00ff",
  "content-length: 5",
  "content-length: -5",
  "content-length: 99999999999999999999",
  "transfer-encoding: chunked",
  "transfer-encoding: gzip",
  "location: http://169.254.169.254/",
  "connection: upgrade\r\nupgrade: x",
  `x: ${"y".repeat(40_000)}`,
  "no colon",
);
const status = fc.oneof(fc.integer({ min: 100, max: 599 }), fc.constantFrom(200, 307, 503, 0, 99, 1_000));
const written = fc
  .record({
    status,
    heads: fc.array(head, { maxLength: 3 }),
    body,
    cut: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ status, heads, body, cut }) => {
    const bytes = Buffer.from([`HTTP/1.1 ${status} X`, ...heads, "", body].join("\r\n"), "latin1");
    return bytes.subarray(0, Math.floor(cut * bytes.length));
  });
const bytes = fc.oneof(
  { weight: 4, arbitrary: written },
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
);

describe(`a worker that sends ${RUNS} arbitrary responses (SEED=${SEED})`, () => {
  it("gets a defined result for each, and never blocks the gateway", { timeout: 300_000 }, async () => {
    const kinds = new Set<string>();
    const run = async (next: Buffer) => {
      answer = next;
      const limited = <T>(task: (signal: AbortSignal) => Promise<T>) => withDeadline(systemClock, HANG_MS, task);
      const launch = { contentType: "application/x-www-form-urlencoded", chunks: [Buffer.from("a=b")] };
      const { kind } = await limited(() =>
        forward({ client, clock: systemClock }, { origin, path: "/launch", gone: new AbortController().signal }, launch),
      );
      kinds.add(kind);
      const asked = await limited((signal) =>
        client.get(origin, "/ready", signal).catch((error: unknown) => (signal.aborted ? "hangs" : error)),
      );
      expect(asked).not.toBe("hangs");
      if (typeof asked !== "object" || asked === null || !("body" in asked)) return;
      const read = asked as Awaited<ReturnType<typeof client.get>>;
      for (const engine of Object.values(engines)) readReadiness(read, engine);
      for (const meaning of [taskId, taskState]) meaning(read);
      workerMessage(read, ["a-secret-that-was-sent"]);
      expect(taskId(read) ?? "id").toMatch(/^[\w.-]+$/);
    };
    await fc.assert(fc.asyncProperty(bytes, run), { numRuns: RUNS, seed: SEED, endOnFailure: true });
    expect([...kinds].sort()).toEqual(["accepted", "broken", "busy", "rejected"]);
  });
});
