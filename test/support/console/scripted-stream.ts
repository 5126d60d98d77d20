import type { ConsoleEvent } from "../../../operator/api/console.ts";

/** One request for the event stream. */
export interface StreamRequest {
  readonly url: string;
  readonly token: string | undefined;
  send(event: ConsoleEvent): Promise<void>;
  heartbeat(): Promise<void>;
  /** The operator ends the stream. */
  end(): Promise<void>;
  readonly aborted: boolean;
}

/** An operator that serves event streams as a test commands, in place of `fetch`. */
export class ScriptedStream {
  readonly requests: StreamRequest[] = [];
  /** Tokens that the operator accepts. */
  accepts = (_token: string | undefined): boolean => true;
  /** Thrown by `fetch`, if set. */
  failure: Error | undefined;

  get last(): StreamRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error("no stream was requested");
    return last;
  }

  readonly fetch: typeof fetch = async (input, { headers = {}, signal } = {}) => {
    const token = new Headers(headers).get("authorization")?.replace("Bearer ", "");
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (made) => {
        controller = made;
      },
    });
    signal?.addEventListener("abort", () => controller.error(signal.reason), { once: true });
    const write = async (text: string) => {
      controller.enqueue(new TextEncoder().encode(text));
      await settled();
    };
    this.requests.push({
      ...{ url: String(input), token },
      send: (event) => write(`data: ${JSON.stringify(event)}\n\n`),
      heartbeat: () => write(":\n\n"),
      end: async () => {
        controller.close();
        await settled();
      },
      get aborted() {
        return signal?.aborted ?? false;
      },
    });
    if (this.failure !== undefined) throw this.failure;
    if (!this.accepts(token)) return Response.json({ message: "no valid token" }, { status: 401 });
    return new Response(body);
  };
}

/** Promises of the reader settle. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
