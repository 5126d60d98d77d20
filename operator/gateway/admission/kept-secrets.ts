import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import type { ReadSecret, SecretRef } from "./client-tokens.ts";

/** How long what was read counts; and after a failure, until it is read again. */
const KEEP_MS = 30_000;
export const PAUSE_MS = 5_000;
const READ_TIMEOUT_MS = 2_000;
const MAX_SECRETS = 1_000;

interface Entry {
  readonly values: Promise<readonly string[]>;
  untilMs: number;
}

/** Values of Secrets that pools name, read when they are needed and kept for half a minute. */
export class KeptSecrets {
  readonly #read: ReadSecret;
  readonly #clock: Clock;
  /** By the Secret and the keys that are wanted of it; oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(deps: { readonly read: ReadSecret; readonly clock: Clock }) {
    this.#read = deps.read;
    this.#clock = deps.clock;
  }

  /**
   * The values of these keys, in their order, none of them empty.
   * @throws when they cannot be read, or one is not there.
   */
  values(ref: SecretRef, keys: readonly string[]): Promise<readonly string[]> {
    const id = [ref.namespace, ref.name, ...keys].join("/");
    const nowMs = this.#clock.now();
    const known = this.#entries.get(id);
    if (known !== undefined && nowMs < known.untilMs) return known.values;
    const entry: Entry = { untilMs: nowMs + KEEP_MS, values: this.#fetch(ref, keys, known?.values) };
    this.#keep(id, entry);
    return entry.values;
  }

  #keep(id: string, entry: Entry): void {
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    entry.values.catch(() => {
      entry.untilMs = this.#clock.now() + PAUSE_MS;
    });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_SECRETS && oldest !== undefined) this.#entries.delete(oldest);
  }

  /** @param before what was read last: an API server that is away takes nothing away. */
  async #fetch(ref: SecretRef, keys: readonly string[], before: Entry["values"] | undefined): Promise<readonly string[]> {
    let read: ReadonlyMap<string, string> | undefined;
    try {
      read = await withDeadline(this.#clock, READ_TIMEOUT_MS, (signal) => this.#read(ref, signal));
    } catch (error) {
      if (before === undefined) throw error;
      return before;
    }
    const values = keys.map((key) => read?.get(key)?.trim() ?? "");
    if (!values.includes("")) return values;
    throw new Error(`Secret ${ref.name} in namespace ${ref.namespace} does not have ${keys.join(" and ")}`);
  }
}
