import type { ConsoleEvent } from "../../../operator/api/console.ts";

/** A reader of the console's server-sent events. */
export class EventStream {
  readonly status: number;
  readonly headers: Headers;
  readonly #events: AsyncGenerator<ConsoleEvent>;
  readonly #closing = new AbortController();

  private constructor(response: Response, closing: AbortController) {
    this.status = response.status;
    this.headers = response.headers;
    this.#closing = closing;
    this.#events = eventsOf(response);
  }

  static async open(url: string, token: string): Promise<EventStream> {
    const closing = new AbortController();
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: closing.signal });
    return new EventStream(response, closing);
  }

  /** The next event; undefined after the end of the stream. */
  async next(): Promise<ConsoleEvent | undefined> {
    const { value, done } = await this.#events.next().catch(() => ({ value: undefined, done: true }));
    return done ? undefined : value;
  }

  /** The next event that matches; undefined after the end of the stream. */
  async find(matches: (event: ConsoleEvent) => boolean): Promise<ConsoleEvent | undefined> {
    for (;;) {
      const event = await this.next();
      if (event === undefined || matches(event)) return event;
    }
  }

  close(): void {
    this.#closing.abort();
  }
}

async function* eventsOf(response: Response): AsyncGenerator<ConsoleEvent> {
  if (response.body === null) return;
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) if (frame.startsWith("data: ")) yield JSON.parse(frame.slice("data: ".length));
  }
}
