import { launchApiOf } from "../../engines/index.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import type { WorkerAccess } from "../../workers/client.ts";
import { encodeForm } from "../../workers/form.ts";
import type { Session } from "./session-book.ts";

const STOP_TIMEOUT_MS = 5_000;
const emptyForm = encodeForm({ fields: {} });

/** Requests the end of a session from its worker. Never throws. @returns whether the session has ended or the worker no longer has it. */
export async function stopTask({ client, clock }: WorkerAccess, { worker, taskId }: Session): Promise<boolean> {
  const { origin, record } = worker;
  if (origin === undefined) return false;
  const path = `${launchApiOf(record.engine).tasks}/${taskId}/stop`;
  try {
    const { status } = await withDeadline(clock, STOP_TIMEOUT_MS, (signal) => client.post(origin, path, emptyForm, signal));
    return status < 300 || status === 404;
  } catch {
    return false;
  }
}
