import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { WorkerAnswer } from "../../workers/answers.ts";
import { clientGone } from "./refusals.ts";

/** How long a launch that was served is answered again without being begun again: clients retry for seconds. */
const REMEMBER_MS = 60_000;
/** Answers that are kept: those of a minute with 500 launches a second. The oldest go first. */
const MAX_REMEMBERED = 30_000;

interface Flight {
  readonly answer: Promise<WorkerAnswer>;
  /** Aborts when all who asked have gone. */
  readonly abandoned: AbortController;
  waiting: number;
}

/** What is known of a launch: it is under way, or was served a moment ago. */
export type Known =
  | { readonly kind: "under-way"; readonly answer: Promise<WorkerAnswer> }
  | { readonly kind: "served"; readonly answer: WorkerAnswer };

/**
 * Begins a launch once, however often it is asked for: those who ask while it is under way, or for a minute after it was
 * served, get the same answer. A launch that failed may be tried again. It is given up only when all who asked have gone.
 */
export class LaunchOnce {
  readonly #flights = new Map<string, Flight>();
  readonly #served: ExpiringMap<string, WorkerAnswer>;

  constructor(clock: Clock) {
    this.#served = new ExpiringMap({ clock, forMs: REMEMBER_MS, max: MAX_REMEMBERED });
  }

  find(key: string): Known | undefined {
    const flight = this.#flights.get(key);
    if (flight !== undefined) return { kind: "under-way", answer: flight.answer };
    const answer = this.#served.get(key);
    return answer && { kind: "served", answer };
  }

  /**
   * @param gone aborts when this client has gone.
   * @param begin starts the launch; its signal aborts when nobody wants it any more.
   * @throws what the launch throws; LaunchError `client_gone` when this client has gone before.
   */
  async run(
    key: string,
    gone: AbortSignal,
    begin: (abandoned: AbortSignal) => Promise<WorkerAnswer>,
  ): Promise<{ readonly answer: WorkerAnswer; readonly repeated: boolean }> {
    const known = this.find(key);
    if (known?.kind === "served") return { answer: known.answer, repeated: true };
    const underWay = this.#flights.get(key);
    const flight = underWay ?? this.#begin(key, begin);
    return { answer: await this.#join(flight, gone), repeated: underWay !== undefined };
  }

  #begin(key: string, begin: (abandoned: AbortSignal) => Promise<WorkerAnswer>): Flight {
    const abandoned = new AbortController();
    const answer = begin(abandoned.signal).then(
      (served) => {
        this.#flights.delete(key);
        this.#served.set(key, served);
        return served;
      },
      (error: unknown) => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        throw error;
      },
    );
    const flight: Flight = { answer, abandoned, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }

  async #join(flight: Flight, gone: AbortSignal): Promise<WorkerAnswer> {
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.abandoned.abort();
      left.reject(clientGone());
    };
    flight.waiting += 1;
    if (gone.aborted) leave();
    else gone.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([flight.answer, left.promise]);
    } finally {
      gone.removeEventListener("abort", leave);
    }
  }
}
