import { KeyCounter } from "../../runtime/key-counter.ts";
import { ConsoleFailure } from "../failure.ts";

const MAX_STREAMS = 64;
const MAX_STREAMS_OF_USER = 16;

/** Limits the open streams, of all viewers together and of each user. */
export class StreamLimit {
  readonly #ofUser = new KeyCounter();
  #streams = 0;

  /** @returns a function that frees the place. @throws ConsoleFailure if there is none. */
  take(user: string): () => void {
    if (this.#streams >= MAX_STREAMS) throw new ConsoleFailure(503, `${MAX_STREAMS} streams are open: close one of them`);
    if (this.#ofUser.of(user) >= MAX_STREAMS_OF_USER)
      throw new ConsoleFailure(429, `${user} has ${MAX_STREAMS_OF_USER} open streams: close other windows of the console`);
    this.#add(user, 1);
    return () => this.#add(user, -1);
  }

  #add(user: string, amount: number): void {
    this.#streams += amount;
    this.#ofUser.add(user, amount);
  }
}
