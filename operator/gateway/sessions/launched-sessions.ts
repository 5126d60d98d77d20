import type { Session } from "./session-book.ts";

/** Counts the live sessions that this gateway launched, by pool and preset. */
export class LaunchedSessions {
  readonly #pools = new Map<string, Map<string, number>>();
  readonly #counted = new WeakSet<Session>();

  /** May be called more than once for a session, and for sessions of other gateways. */
  add(session: Session): void {
    if (session.launched === undefined || this.#counted.has(session)) return;
    this.#counted.add(session);
    this.#change(session, 1);
  }

  remove(session: Session): void {
    if (this.#counted.delete(session)) this.#change(session, -1);
  }

  of(pool: string): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#pools.get(pool) ?? []);
  }

  #change({ pool, launched }: Session, by: number): void {
    const presets = this.#pools.get(pool) ?? new Map<string, number>();
    const preset = launched?.preset ?? "";
    const count = (presets.get(preset) ?? 0) + by;
    if (count > 0) presets.set(preset, count);
    else presets.delete(preset);
    if (presets.size > 0) this.#pools.set(pool, presets);
    else this.#pools.delete(pool);
  }
}
