import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../support/fleet/random.ts";

const BODY_BYTES = 20_000;
const BOUNDARY = "bench-boundary";
/** A token with an identity and the usual length of a room token. */
const TOKEN = [
  "header",
  Buffer.from(JSON.stringify({ sub: "avatar", video: "v".repeat(600) })).toString("base64url"),
  "signature",
].join(".");
/** Response timeout of a connection. */
const ANSWER_LIMIT_MS = 10_000;

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Returns the target of the next launch. */
export type Targets = () => Target;

interface Line {
  readonly socket: Socket;
  busy: ((ok: boolean) => void) | undefined;
}

/**
 * Sends launches like the real client: multipart with an image file of 20 kB, each for its own room. It writes to sockets without
 * an HTTP library, so that it needs less CPU time than the measured program. Connections are kept alive.
 */
export class LaunchLoad {
  readonly #free = new Map<string, Line[]>();
  readonly #lines = new Set<Line>();
  readonly #tail = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  readonly #run: string;
  #count = 0;

  /** @param run distinguishes its rooms from those of other runs. */
  constructor(run: string) {
    this.#run = run;
  }

  /** Launches at random times with an average rate. @returns the latencies in ms, sorted; NaN for a failed launch. */
  async steady(targets: Targets, perSecond: number, forMs: number): Promise<readonly number[]> {
    const random = seededRandom(1, "arrivals");
    const begun: Promise<number>[] = [];
    const startedMs = performance.now();
    for (let dueMs = 0; dueMs < forMs; dueMs += (-Math.log(1 - random()) * 1_000) / perSecond) {
      const waitMs = startedMs + dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      begun.push(this.#launch(targets()));
    }
    return (await Promise.all(begun)).sort((a, b) => a - b);
  }

  /** Launches with a number of clients, each after its previous response. @returns counts of successes and failures. */
  async closed(targets: Targets, clients: number, forMs: number): Promise<{ readonly served: number; readonly failed: number }> {
    const untilMs = performance.now() + forMs;
    let served = 0;
    let failed = 0;
    const client = async (): Promise<void> => {
      while (performance.now() < untilMs) {
        if (Number.isNaN(await this.#launch(targets()))) failed += 1;
        else served += 1;
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    return { served, failed };
  }

  close(): void {
    for (const { socket } of this.#lines) socket.destroy();
  }

  async #launch(target: Target): Promise<number> {
    this.#count += 1;
    const key = `${target.host}:${target.port}`;
    const bytes = this.#request(key, `${this.#run}-${this.#count}`);
    const line = this.#free.get(key)?.pop() ?? this.#open(target, key);
    const sentMs = performance.now();
    const ok = await new Promise<boolean>((resolve) => {
      line.busy = resolve;
      line.socket.write(bytes);
    });
    const tookMs = performance.now() - sentMs;
    if (!ok) return Number.NaN;
    const free = this.#free.get(key) ?? [];
    free.push(line);
    this.#free.set(key, free);
    return tookMs;
  }

  #open({ host, port }: Target, key: string): Line {
    const socket = connect({ host, port, noDelay: true });
    const line: Line = { socket, busy: undefined };
    this.#lines.add(line);
    let answer = "";
    const done = (ok: boolean): void => {
      const { busy } = line;
      line.busy = undefined;
      answer = "";
      busy?.(ok);
    };
    socket.setTimeout(ANSWER_LIMIT_MS, () => line.busy && socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
      if (isComplete(answer)) done(answer.startsWith("HTTP/1.1 200"));
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#lines.delete(line);
      const free = this.#free.get(key);
      const at = free?.indexOf(line) ?? -1;
      if (at >= 0) free?.splice(at, 1);
      done(false);
    });
    return line;
  }

  #request(host: string, room: string): Buffer {
    const fields = { livekit_url: "wss://livekit.example.com", livekit_token: TOKEN, room_name: room };
    const parts = Object.entries(fields).map(
      ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const file = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="avatar_image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
    const start = Buffer.from(parts.join("") + file);
    const image = Buffer.alloc(BODY_BYTES - start.length - this.#tail.length, 0xab);
    const head = `POST /launch HTTP/1.1\r\nHost: ${host}\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), start, image, this.#tail]);
  }
}

/** Parses a response with a content length or chunked encoding. */
function isComplete(answer: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, end))?.[1];
  return length === undefined ? answer.endsWith("0\r\n\r\n") : answer.length >= end + 4 + Number(length);
}
