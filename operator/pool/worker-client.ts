import { Agent, type Dispatcher, request } from "undici";
import { z } from "zod";

/** The calls that the operator makes to a worker itself. Small answers, short limits, nothing kept. */

const MAX_ANSWER_BYTES = 64 * 1024;
/** Connections over all workers; the operator talks to few at a time. */
const MAX_CONNECTIONS = 2;

const healthSchema = z.object({ active_sessions: z.int().min(0) });

export interface WorkerAnswer {
  readonly status: number;
  readonly body: string;
}

export interface WorkerCall {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly timeoutMs: number;
  /** An urlencoded form. */
  readonly form?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export class WorkerClient {
  readonly #agent: Dispatcher = new Agent({ connections: MAX_CONNECTIONS, pipelining: 1, keepAliveTimeout: 1_000 });

  /** @throws Error of the connection, or a TimeoutError. */
  async call({ method, url, timeoutMs, form, signal }: WorkerCall): Promise<WorkerAnswer> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const answer = await request(url, {
      method,
      dispatcher: this.#agent,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(form === undefined
        ? {}
        : { body: new URLSearchParams(form).toString(), headers: { "content-type": "application/x-www-form-urlencoded" } }),
    });
    return { status: answer.statusCode, body: await readBounded(answer.body) };
  }

  /** Whether a worker surely has no session: it says so, or nothing listens there any more. */
  async isEmpty(healthUrl: string): Promise<boolean> {
    try {
      const { status, body } = await this.call({ method: "GET", url: healthUrl, timeoutMs: 2_000 });
      const health = healthSchema.safeParse(status === 200 ? JSON.parse(body) : undefined);
      return health.success && health.data.active_sessions === 0;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
