import type { Clock } from "../runtime/clock.ts";
import { type ReadSecret, SecretCache, type SecretValues } from "./secret-cache.ts";
import type { ObjectRef } from "./types.ts";

const KEEP_MS = 30_000;
export const RETRY_MS = 5_000;

/** Looks up the values of Secrets that this process needs itself, such as a key with which it signs requests. */
export class SecretLookup {
  readonly #cache: SecretCache<SecretValues>;

  constructor(deps: { readonly read: ReadSecret; readonly clock: Clock }) {
    this.#cache = new SecretCache({ ...deps, view: (values) => values, keepMs: KEEP_MS, retryMs: RETRY_MS });
  }

  /**
   * The values of these keys, in their order; none is empty.
   * @throws if the Secret cannot be read, or lacks a key.
   */
  async values(ref: ObjectRef, keys: readonly string[]): Promise<readonly string[]> {
    const { view, error } = await this.#cache.get(ref, (values) => keys.every((key) => values.get(key)));
    if (view === undefined && error !== undefined) throw error;
    const values = keys.map((key) => view?.get(key) ?? "");
    if (!values.includes("")) return values;
    throw new Error(`Secret ${ref.namespace}/${ref.name} lacks a value for ${keys.join(" or ")}`);
  }
}
