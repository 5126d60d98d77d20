import { isTimeout, withDeadline } from "../../runtime/deadline.ts";
import { type BusyReason, busyReason, type WorkerAnswer, workerMessage } from "../../workers/answers.ts";
import { LAUNCH_TIMEOUT_MS, type PostBody, type WorkerAccess, WorkerUnreachable } from "../../workers/client.ts";

export type Forwarded =
  | { readonly kind: "accepted"; readonly answer: WorkerAnswer }
  /** The worker has no slot, or is not ready: no session began. */
  | { readonly kind: "busy"; readonly reason: BusyReason }
  /** No connection: no session began. */
  | { readonly kind: "unreachable" }
  /** The worker rejects the launch itself; other workers would as well. */
  | { readonly kind: "rejected"; readonly status: number; readonly message: string }
  /** An invalid answer, or a broken connection: a session may have begun. */
  | { readonly kind: "broken"; readonly why: string }
  /** No answer in time: a session may have begun. */
  | { readonly kind: "timed-out" }
  /** The worker's pod is gone, and any session with it. */
  | { readonly kind: "gone" };

/** Sends a launch to one worker once, and waits for the answer while the worker's pod exists. Never throws. */
export async function forward(
  deps: WorkerAccess,
  target: { readonly origin: string; readonly path: string; readonly gone: AbortSignal },
  body: PostBody,
): Promise<Forwarded> {
  try {
    const post = (signal: AbortSignal) => deps.client.post(target.origin, target.path, body, signal);
    const answer = await withDeadline(deps.clock, LAUNCH_TIMEOUT_MS, post, target.gone);
    return classify(answer, body.secrets ?? []);
  } catch (error) {
    if (target.gone.aborted) return { kind: "gone" };
    if (error instanceof WorkerUnreachable) return { kind: "unreachable" };
    if (isTimeout(error)) return { kind: "timed-out" };
    return { kind: "broken", why: `the connection broke (${error instanceof Error ? error.message : String(error)})` };
  }
}

function classify(answer: WorkerAnswer, secrets: readonly string[]): Forwarded {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: "accepted", answer };
  if (status === 503) return { kind: "busy", reason: busyReason(answer) };
  if (status >= 400 && status < 500) return { kind: "rejected", status, message: workerMessage(answer, secrets) };
  return { kind: "broken", why: `it answered ${status} ${workerMessage(answer, secrets)}`.trimEnd() };
}
