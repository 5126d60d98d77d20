import { Duplex, PassThrough, Writable } from "node:stream";
import { type KubeConfig, PortForward } from "@kubernetes/client-node";
import { errorFromAnswer, errorFromCause, type KubeError } from "./errors.ts";
import { objectPath } from "./paths.ts";
import { pods } from "./resource-types.ts";
import type { ObjectRef } from "./types.ts";

const CONNECT_MS = 15_000;

/**
 * A connection to a port of a pod, over a WebSocket to the API server.
 * @throws KubeError if the API server opens none. The stream itself fails if the pod does not listen.
 */
export async function connectToPod(config: KubeConfig, pod: ObjectRef, port: number): Promise<Duplex> {
  const action = `GET ${objectPath(pods, pod, "portforward")}`;
  const received = new PassThrough();
  const sent = new PassThrough();
  // The kubelet reports on a channel of its own that it cannot connect.
  const failures = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const message = chunk.toString("utf8").trim();
      if (message !== "") stream.destroy(errorFromCause(action, new Error(message)));
      done();
    },
  });
  const stream = Duplex.from({ readable: received, writable: sent });
  try {
    const socket = await withinLimit(
      new PortForward(config).portForward(pod.namespace, pod.name, [port], received, failures, sent),
    );
    // Without retries, the library returns the socket itself.
    if (typeof socket === "function") throw new Error("the library returned no socket");
    socket.onclose = () => received.end();
    stream.once("close", () => socket.close());
    return stream;
  } catch (error) {
    stream.on("error", () => {}).destroy();
    throw failureOf(action, error);
  }
}

async function withinLimit<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException("no WebSocket in time", "TimeoutError")), CONNECT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The library rejects with the event of the WebSocket. Its message has the status of the response, and the body is lost. */
function failureOf(action: string, error: unknown): KubeError {
  const message = typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
  const status = /Unexpected server response: (\d{3})/.exec(message)?.[1];
  if (status === undefined) return errorFromCause(action, error instanceof Error ? error : new Error(message));
  return errorFromAnswer(action, { status: Number(status), body: "", nowMs: 0 });
}
