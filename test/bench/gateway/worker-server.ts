/**
 * Stand-in workers in one process, each on its own address; the first argument is their number. They serve `/ready`, `/launch`
 * and `/tasks`, and count launches. `POST /control` on 127.0.0.1 changes their settings, `GET /control` returns their counts. The
 * process prints the port of `/control` when all workers listen, and ends with its standard input.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createListener } from "node:net";
import { seededRandom } from "../../support/fleet/random.ts";
import { addressesOf, WORKER_PORT } from "./addresses.ts";
import type { ControlOrder, WorkerCounts } from "./control.ts";

interface Worker {
  /** Room of each running session, by task id. */
  readonly sessions: Map<string, string>;
  /** Concurrent launches: current and peak. */
  answering: number;
  mostAnswering: number;
}

interface Session {
  readonly worker: Worker;
  readonly task: string;
}

const random = seededRandom(1, "sessions");
const addresses = addressesOf(Number(process.argv[2]));
const workers = new Map<string, Worker>(
  addresses.map((address) => [address, { sessions: new Map(), answering: 0, mostAnswering: 0 }]),
);
/** Sessions that end at random: see {@link ControlOrder.heldSessions}. */
const held: Session[] = [];
const counts = { launches: 0, refused: 0, probes: 0, sessionsSeen: 0 };
/** The first rooms, in the order in which the workers accepted their launches. */
const rooms: string[] = [];
const MAX_ROOMS = 10_000;
let order: ControlOrder = { ready: true, slots: 8, sessionMs: undefined, heldSessions: 0, answerMs: 0 };
let tasks = 0;

function begin(worker: Worker, room: string): string {
  tasks += 1;
  const task = `t-${tasks}`;
  worker.sessions.set(task, room);
  if (order.sessionMs === undefined) hold({ worker, task });
  else setTimeout(() => worker.sessions.delete(task), order.sessionMs).unref();
  return task;
}

/** Ends a random session if there is one too many: session lengths are memoryless. */
function hold(session: Session): void {
  held.push(session);
  if (held.length <= order.heldSessions) return;
  const at = Math.floor(random() * (held.length - 1));
  const ended = held[at];
  held[at] = session;
  held.pop();
  ended?.worker.sessions.delete(ended.task);
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

function refusalOf(worker: Worker): string | undefined {
  if (!order.ready) return "not_ready";
  return worker.sessions.size >= order.slots ? "at_capacity" : undefined;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

async function launch(worker: Worker, request: IncomingMessage, response: ServerResponse): Promise<void> {
  counts.launches += 1;
  counts.sessionsSeen += held.length;
  worker.answering += 1;
  worker.mostAnswering = Math.max(worker.mostAnswering, worker.answering);
  // The body is urlencoded or multipart.
  const found = /room_name(?:=|"\r\n\r\n)([\w-]+)/.exec(await bodyOf(request))?.[1] ?? "";
  // A copy, because a substring of the match would keep the whole body in memory.
  const room = Buffer.from(found).toString();
  if (order.answerMs > 0) await new Promise((resolve) => setTimeout(resolve, order.answerMs));
  worker.answering -= 1;
  const refusal = refusalOf(worker);
  if (refusal !== undefined) {
    counts.refused += 1;
    return send(response, 503, { status: refusal, error: refusal });
  }
  if (rooms.length < MAX_ROOMS) rooms.push(room);
  send(response, 200, { status: "pending", task_id: begin(worker, room), room_name: room });
}

function control(body: string): void {
  order = { ...order, ...(JSON.parse(body) as Partial<ControlOrder>) };
  Object.assign(counts, { launches: 0, refused: 0, probes: 0, sessionsSeen: 0 });
  rooms.length = 0;
  for (const worker of workers.values()) worker.mostAnswering = 0;
  // Earlier sessions, placed at random on workers with a free slot.
  while (held.length < order.heldSessions) {
    const worker = workers.get(addresses[Math.floor(random() * addresses.length)] ?? "");
    if (worker !== undefined && worker.sessions.size < order.slots) begin(worker, "another");
  }
}

function told(): WorkerCounts {
  const all = [...workers.values()];
  return {
    ...counts,
    sessions: all.reduce((sum, { sessions }) => sum + sessions.size, 0),
    mostAnswering: Math.max(...all.map(({ mostAnswering }) => mostAnswering)),
    rooms,
  };
}

/** Status and body of `/ready`. */
function lookAt(worker: Worker, path: string, task: string | undefined): readonly [number, object] {
  if (path === "ready") {
    counts.probes += 1;
    const refusal = refusalOf(worker);
    const told = { status: refusal ?? "ready", active_sessions: worker.sessions.size, max_sessions: order.slots };
    return [refusal === undefined ? 200 : 503, told];
  }
  if (path !== "tasks") return [404, {}];
  if (task !== undefined) return [worker.sessions.has(task) ? 200 : 404, { status: "running" }];
  const list = [...worker.sessions].map(([task_id, room_name]) => ({ task_id, room_name, status: "running" }));
  return [200, { tasks: list }];
}

function answer(worker: Worker, request: IncomingMessage, response: ServerResponse): void {
  const [, path = "", task] = (request.url ?? "").split("/");
  if (path === "launch") void launch(worker, request, response);
  else send(response, ...lookAt(worker, path, task));
}

const server = createServer({ keepAliveTimeout: 5_000 }, (request, response) => {
  const worker = workers.get(request.socket.localAddress ?? "");
  if (worker !== undefined) return answer(worker, request, response);
  if (request.method === "GET") return send(response, 200, told());
  return void bodyOf(request).then((body) => {
    control(body);
    send(response, 200, {});
  });
});
for (const address of addresses) {
  const listener = createListener((socket) => server.emit("connection", socket)).listen(WORKER_PORT, address, 512);
  await once(listener, "listening");
}
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().once("end", () => process.exit());
