import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { BadLaunch, type LaunchFields, parseLaunch } from "./launch-body.ts";
import type { ServedWorker } from "./served-worker.ts";
import type { Task } from "./tasks.ts";
import { testFrame } from "./test-frame.ts";

/** Maximum size of a body. */
const BODY_LIMIT_BYTES = 32 * 1024 * 1024;
const MAX_BENCHMARK_ITERATIONS = 100;

/** The documented HTTP API of a worker, applied to the worker's state. */
export function workerHandler(worker: ServedWorker): RequestListener {
  return (request, response) => {
    route(worker, request, response).catch(() => response.destroy());
  };
}

async function route(worker: ServedWorker, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (worker.failure === "freeze") return;
  const url = new URL(request.url ?? "/", "http://worker");
  const [, first = "", id = "", verb = ""] = url.pathname.split("/");
  switch (`${request.method} /${first}${id && "/*"}${verb && `/${verb}`}`) {
    case "GET /health":
      return send(response, 200, { status: "healthy", service: worker.profile.service, ...counts(worker) });
    case "GET /ready":
      return ready(worker, response);
    case "POST /launch":
      return await launch(worker, request, response);
    case "GET /tasks":
      return send(response, 200, { tasks: worker.tasks.map(taskBody) });
    case "GET /tasks/*":
      return taskAnswer(response, worker.task(id));
    case "POST /tasks/*/stop":
      return stopTask(worker, response, id);
    case "POST /benchmark":
      return await benchmark(worker, response, Number(url.searchParams.get("iterations") ?? 1));
    case "GET /test-frame":
      return sendFrame(worker, response);
    default:
      return send(response, 404, { status: "error", error: `no such call: ${request.method} ${url.pathname}` });
  }
}

function counts(worker: ServedWorker) {
  return { active_sessions: worker.activeSessions, max_sessions: worker.profile.maxSessions };
}

function ready(worker: ServedWorker, response: ServerResponse): void {
  const available = worker.profile.maxSessions - worker.activeSessions;
  const body = { model_ready: worker.state === "ready", available_sessions: available, ...counts(worker) };
  const { refusal } = worker;
  send(response, refusal === undefined ? 200 : 503, { status: refusal ?? "ready", ...body });
}

async function launch(worker: ServedWorker, request: IncomingMessage, response: ServerResponse): Promise<void> {
  worker.countLaunch();
  const { failure } = worker;
  const fields = await readLaunch(request, response);
  if (fields === undefined || failure === "hang") return;
  if (failure === "reset") return void response.destroy();
  if (worker.answerDelayMs > 0) await worker.wait(worker.answerDelayMs);
  const result = worker.launch(fields);
  switch (result.kind) {
    case "refused":
      return send(response, 503, { status: result.reason, error: result.reason, ...counts(worker) });
    case "bad":
      return send(response, 400, { status: "error", error: result.message });
    case "accepted": {
      if (failure === "lost-answer") return void response.destroy();
      if (!fields.asyncMode) await result.running;
      const { id, roomName } = result.task;
      return send(response, 200, { status: fields.asyncMode ? "pending" : "running", task_id: id, room_name: roomName });
    }
  }
}

/** The fields of the launch; undefined if this function has already sent the response. */
async function readLaunch(request: IncomingMessage, response: ServerResponse): Promise<LaunchFields | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += chunk.length;
    if (sizeBytes <= BODY_LIMIT_BYTES) chunks.push(chunk);
  }
  if (sizeBytes > BODY_LIMIT_BYTES) {
    send(response, 413, { status: "error", error: "the body is too large" });
    return undefined;
  }
  try {
    const seconds = request.headers["x-session-seconds"]?.toString();
    return await parseLaunch(request.headers["content-type"] ?? "", Buffer.concat(chunks), seconds);
  } catch (error) {
    if (!(error instanceof BadLaunch)) throw error;
    send(response, 400, { status: "error", error: error.message });
    return undefined;
  }
}

/** The maker's pages use both `status` and `state` for a task's state, so the response contains both. */
function taskBody(task: Task) {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    task_id: task.id,
    room_name: task.roomName,
    state: task.state,
    status: task.state,
    created_at: time(task.createdAtMs),
    completed_at: time(task.completedAtMs),
    error: task.error ?? null,
  };
}

function taskAnswer(response: ServerResponse, task: Task | undefined): void {
  if (task === undefined) send(response, 404, { status: "error", error: "no such task" });
  else send(response, 200, taskBody(task));
}

/** A request to stop an ended session has no effect and is not an error. */
function stopTask(worker: ServedWorker, response: ServerResponse, id: string): void {
  worker.stopTask(id);
  taskAnswer(response, worker.task(id));
}

async function benchmark(worker: ServedWorker, response: ServerResponse, iterations: number): Promise<void> {
  if (worker.state !== "ready") return send(response, 503, { status: "not_ready" });
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > MAX_BENCHMARK_ITERATIONS) {
    return send(response, 400, { status: "error", error: `iterations must be from 1 to ${MAX_BENCHMARK_ITERATIONS}` });
  }
  await worker.benchmark(iterations);
  send(response, 200, { status: "ok", iterations, average_ms: worker.profile.benchmarkIterationMs });
}

function sendFrame(worker: ServedWorker, response: ServerResponse): void {
  if (worker.state !== "ready") send(response, 503, { status: "not_ready" });
  else response.writeHead(200, { "content-type": "image/jpeg", "content-length": testFrame.length }).end(testFrame);
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}
