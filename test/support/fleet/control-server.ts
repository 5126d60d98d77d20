import { createServer, type Server } from "node:http";
import type { Fleet } from "./fleet.ts";
import { failures } from "./served-worker.ts";

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Serves `GET /totals`, `GET /workers`, `GET /tasks` (of all running workers, times in Unix ms) and
 * `POST /fail?pod=&failure=` for a fleet, as JSON. The caller starts and closes the server.
 */
export function controlServer(fleet: Fleet): Server {
  return createServer((request, response) => {
    const { status, body } = answer(fleet, request.method ?? "", new URL(request.url ?? "/", "http://fleet"));
    response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
  });
}

function answer(fleet: Fleet, method: string, url: URL): Answer {
  switch (`${method} ${url.pathname}`) {
    case "GET /totals":
      return { status: 200, body: fleet.totals };
    case "GET /workers":
      return { status: 200, body: fleet.workers().map(describe) };
    case "GET /tasks":
      return { status: 200, body: fleet.workers().flatMap((worker) => worker.tasks) };
    case "POST /fail":
      return fail(fleet, url.searchParams.get("pod") ?? "", url.searchParams.get("failure") ?? "");
    default:
      return { status: 404, body: { error: `no such call: ${method} ${url.pathname}` } };
  }
}

function describe(worker: ReturnType<Fleet["workers"]>[number]) {
  const { pod, url, state, failure, activeSessions, profile } = worker;
  return { ...pod, url, state, failure, activeSessions, maxSessions: profile.maxSessions };
}

function fail(fleet: Fleet, pod: string, name: string): Answer {
  const failure = failures.find((known) => known === name);
  if (failure === undefined) return { status: 400, body: { error: `failure must be one of ${failures.join(", ")}` } };
  if (fleet.worker(pod) === undefined) return { status: 404, body: { error: `no worker runs in a pod named "${pod}"` } };
  fleet.fail(pod, failure);
  return { status: 200, body: { pod, failure } };
}
