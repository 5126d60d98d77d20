import type { HistorySample } from "../api/console.ts";
import type { PoolMemory } from "../pool/memory.ts";
import type { Clock } from "../runtime/clock.ts";

/** Time between two looks for new samples: a step of the history. */
const LOOK_MS = 5_000;

export interface LiveSamplesDeps {
  readonly clock: Clock;
  /** Keys of the pools. */
  keys(): Iterable<string>;
  memory(key: string): Pick<PoolMemory, "history"> | undefined;
  readonly onSample: (key: string, sample: HistorySample) => void;
}

/** Reports each new sample of every pool, between {@link start} and {@link stop}. */
export class LiveSamples {
  readonly #deps: LiveSamplesDeps;
  #timer: { cancel(): void } | undefined;
  #reportedMs = 0;

  constructor(deps: LiveSamplesDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#reportedMs = this.#deps.clock.now();
    this.#next();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #next(): void {
    this.#timer = this.#deps.clock.schedule(LOOK_MS, () => {
      this.#next();
      this.#look();
    });
  }

  #look(): void {
    const { clock, keys, memory, onSample } = this.#deps;
    const nowMs = clock.now();
    const fromMs = this.#reportedMs;
    this.#reportedMs = nowMs;
    for (const key of keys()) {
      const { stepMs, samples } = memory(key)?.history.between(fromMs, nowMs, nowMs) ?? { stepMs: 0, samples: [] };
      // A sample is new if its step has ended since the last look.
      for (const sample of samples) if (sample.atMs + stepMs > fromMs && sample.atMs + stepMs <= nowMs) onSample(key, sample);
    }
  }
}
