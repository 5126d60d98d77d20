/**
 * Many light workers as one process: one listener on all of 127.0.0.0/8, a worker for each address that it is spoken to by.
 * They know `/ready`, `/launch` and `/tasks`, and count. `POST /control` on 127.0.0.1 sets them up, `GET /control` tells.
 * Prints its port when it listens. Ends with its standard input.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom } from "../../support/fleet/random.ts";
import type { ControlOrder, WorkerCounts } from "./control.ts";

interface Worker {
  ready: boolean;
  slots: number;
  sessions: number;
  /** Launches that it is answering now, and the most that it ever was. */
  answering: number;
  mostAnswering: number;
}

const random = seededRandom(1, "sessions");
const workers = new Map<string, Worker>();
const counts = { launches: 0, refused: 0, probes: 0 };
/** Rooms in the order in which their launches were taken. */
const rooms: string[] = [];
let order: ControlOrder = { ready: true, slots: 8, sessionMs: 600_000, answerMs: 0 };

function workerAt(address: string): Worker {
  const known = workers.get(address);
  if (known !== undefined) return known;
  const worker = { ready: order.ready, slots: order.slots, sessions: 0, answering: 0, mostAnswering: 0 };
  workers.set(address, worker);
  return worker;
}

/** Sessions have exponential lengths: how long one has run says nothing about how long it will. */
function begin(worker: Worker): void {
  worker.sessions += 1;
  setTimeout(() => (worker.sessions -= 1), -Math.log(1 - random()) * order.sessionMs).unref();
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

function refusalOf(worker: Worker): string | undefined {
  if (!worker.ready) return "not_ready";
  return worker.sessions >= worker.slots ? "at_capacity" : undefined;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function launch(worker: Worker, request: IncomingMessage, response: ServerResponse): Promise<void> {
  counts.launches += 1;
  worker.answering += 1;
  worker.mostAnswering = Math.max(worker.mostAnswering, worker.answering);
  const room = /room_name=([^&]+)/.exec(await bodyOf(request))?.[1] ?? "";
  if (order.answerMs > 0) await new Promise((resolve) => setTimeout(resolve, order.answerMs));
  worker.answering -= 1;
  const refusal = refusalOf(worker);
  if (refusal !== undefined) {
    counts.refused += 1;
    return send(response, 503, { status: refusal, error: refusal });
  }
  begin(worker);
  rooms.push(room);
  send(response, 200, { status: "pending", task_id: `t-${counts.launches}`, room_name: room });
}

function control(body: string): void {
  order = { ...order, ...(JSON.parse(body) as Partial<ControlOrder>) };
  Object.assign(counts, { launches: 0, refused: 0, probes: 0 });
  rooms.length = 0;
  for (const address of order.addresses ?? []) {
    const worker = workerAt(address);
    Object.assign(worker, { ready: order.ready, slots: order.slots, mostAnswering: 0 });
  }
  const addresses = order.addresses ?? [];
  // Sessions that others began: spread at random, one after the other, over workers with room.
  for (let left = order.busySlots ?? 0; left > 0; ) {
    const worker = workerAt(addresses[Math.floor(random() * addresses.length)] ?? "");
    if (worker.sessions >= worker.slots) continue;
    begin(worker);
    left -= 1;
  }
}

function told(): WorkerCounts {
  const all = [...workers.values()];
  return {
    ...counts,
    sessions: all.reduce((sum, { sessions }) => sum + sessions, 0),
    mostAnswering: Math.max(0, ...all.map(({ mostAnswering }) => mostAnswering)),
    rooms,
  };
}

const server = createServer({ keepAliveTimeout: 5_000 }, (request, response) => {
  const worker = workerAt(request.socket.localAddress ?? "");
  switch (request.url) {
    case "/ready": {
      counts.probes += 1;
      const refusal = refusalOf(worker);
      const { sessions: active_sessions, slots: max_sessions } = worker;
      return send(response, refusal === undefined ? 200 : 503, { status: refusal ?? "ready", active_sessions, max_sessions });
    }
    case "/launch":
      return void launch(worker, request, response);
    case "/control":
      if (request.method === "GET") return send(response, 200, told());
      return void bodyOf(request).then((body) => {
        control(body);
        send(response, 200, {});
      });
    default:
      return send(response, 200, { status: "running" });
  }
});
server.listen(0, "0.0.0.0", 8_192, () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().once("end", () => process.exit());
