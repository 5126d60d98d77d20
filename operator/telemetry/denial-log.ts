import type { Clock } from "../runtime/clock.ts";
import { addressOf, type Caller } from "./caller.ts";
import type { Logger } from "./logger.ts";

/** Limit on the lines of one window: thousands of guesses must not fill a disk or hide other lines. */
const MAX_LINES = 10;
const WINDOW_MS = 10_000;

/** Clients choose paths: long ones are cut. */
const MAX_PATH_LENGTH = 200;

/** Logs requests whose token is wrong or missing, with the client's address and without the token, at a limited rate. */
export class DenialLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #lines = 0;
  #suppressed = 0;

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** @param reason a fixed sentence. */
  note(caller: Caller & { readonly url: string }, reason: string): void {
    if (this.#lines >= MAX_LINES) {
      this.#suppressed += 1;
      return;
    }
    if (this.#lines === 0) this.#clock.schedule(WINDOW_MS, () => this.#closeWindow());
    this.#lines += 1;
    const address = addressOf(caller.ip);
    const peer = addressOf(caller.raw.socket.remoteAddress);
    const path = (caller.url.split("?", 1)[0] ?? "").slice(0, MAX_PATH_LENGTH);
    const line = { address, ...(peer === address ? {} : { proxy: peer }), path, reason };
    this.#logger.warn(line, "request without a valid token");
  }

  #closeWindow(): void {
    const suppressed = this.#suppressed;
    this.#lines = 0;
    this.#suppressed = 0;
    if (suppressed > 0) this.#logger.warn({ suppressed, seconds: WINDOW_MS / 1_000 }, "further requests without a valid token");
  }
}
