import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../../operator/runtime/clock.ts";
import { controlServer } from "./control-server.ts";
import type { Fleet } from "./fleet.ts";
import { Ledger } from "./ledger.ts";
import { workerProfile } from "./profile.ts";
import { seededRandom } from "./random.ts";
import { StandInWorker } from "./worker.ts";

let server: Server;
let worker: StandInWorker;
let origin: string;

beforeEach(async () => {
  const ledger = new Ledger();
  const profile = workerProfile("expression", {}, seededRandom(1, "gpu-0"));
  const pod = { namespace: "avatars", name: "gpu-0" };
  worker = await StandInWorker.start({ pod, host: "127.0.0.1", port: 0, profile, clock: systemClock, ledger });
  const fleet: Pick<Fleet, "worker" | "workers" | "totals" | "fail"> = {
    worker: (name) => (name === "gpu-0" ? worker : undefined),
    workers: () => [worker],
    totals: ledger.totals,
    fail: (_, failure) => worker.fail(failure),
  };
  server = controlServer(fleet as Fleet).listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await worker.stop("end of the test");
});

async function call(method: string, path: string) {
  const response = await fetch(origin + path, { method });
  return { status: response.status, body: await response.json() };
}

it("returns the totals and the workers", async () => {
  expect(await call("GET", "/totals")).toMatchObject({ status: 200, body: { launches: 0, sessionsKilled: 0, kills: [] } });
  expect(await call("GET", "/workers")).toMatchObject({
    body: [{ namespace: "avatars", name: "gpu-0", url: worker.url, state: "loading", activeSessions: 0, maxSessions: 8 }],
  });
  expect(await call("GET", "/tasks")).toEqual({ status: 200, body: [] });
});

it("starts a failure of a worker, and reports the error of an invalid request", async () => {
  expect((await call("POST", "/fail?pod=gpu-0&failure=hang")).status).toBe(200);
  expect(worker.failure).toBe("hang");
  expect(await call("POST", "/fail?pod=nobody&failure=hang")).toMatchObject({ status: 404 });
  expect(await call("POST", "/fail?pod=gpu-0&failure=sulk")).toMatchObject({
    status: 400,
    body: { error: "failure must be one of none, hang, freeze, reset, slow, lost-answer, crash" },
  });
});
