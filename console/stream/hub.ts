import type { ConsoleEvent } from "../../operator/api/console.ts";
import type { Clock } from "../../operator/runtime/clock.ts";
import { applied, type ConsoleState, emptyState, eventsOf, restrictedTo } from "../state/fleet-state.ts";
import { type ConnectionDeps, StreamConnection } from "./connection.ts";
import type { Port, StreamStatus, ToHub, ToTab } from "./protocol.ts";

export type TabPort = Port<ToTab, ToHub>;

/** The operator accepts as many pools in one stream. */
export const MOST_POOLS = 16;
export const MOST_TABS = 64;
/** A tab sends a message every minute; a browser may delay timers of hidden tabs by another minute. */
export const TAB_SILENCE_MS = 5 * 60_000;

interface Tab {
  wanted: ReadonlySet<string>;
  lastMs: number;
}

/** Shares one stream and one token between the tabs of a browser. */
export class StreamHub {
  /** The tab whose wishes changed last is the last one. */
  readonly #tabs = new Map<TabPort, Tab>();
  readonly #connection: StreamConnection;
  readonly #clock: Clock;
  #state: ConsoleState = emptyState;
  #status: StreamStatus = { kind: "connecting" };
  #token: string | undefined;
  #pools: readonly string[] | undefined;

  constructor(deps: Omit<ConnectionDeps, "onEvent" | "onStatus">) {
    this.#clock = deps.clock;
    this.#connection = new StreamConnection({
      ...deps,
      onEvent: (event) => this.#received(event),
      onStatus: (status) => this.#become(status),
    });
  }

  /** Serves a tab until it leaves. */
  join(port: TabPort): void {
    port.listen((message) => this.#handle(port, message));
  }

  #handle(port: TabPort, message: ToHub): void {
    this.#expire();
    const tab = this.#tabs.get(port);
    if (tab !== undefined) tab.lastMs = this.#clock.now();
    switch (message.kind) {
      case "join":
        this.#joined(port, message.token);
        break;
      case "want":
        this.#want(port, message.pools);
        break;
      case "sign-in":
        this.#signIn(message.token);
        break;
      case "sign-out":
        this.#signOut();
        break;
      case "here":
        break;
      case "leave":
        this.#tabs.delete(port);
        port.close();
        this.#connect();
        break;
    }
  }

  #joined(port: TabPort, token: string | undefined): void {
    const [oldest] = this.#tabs.keys();
    if (this.#tabs.size >= MOST_TABS && oldest !== undefined) this.#tabs.delete(oldest);
    this.#tabs.set(port, { wanted: new Set(), lastMs: this.#clock.now() });
    if (this.#token === undefined && token !== undefined) {
      this.#signIn(token);
      return;
    }
    port.send({ kind: "token", token: this.#token });
    port.send({ kind: "status", status: this.#status });
    for (const event of eventsOf(this.#state, new Set())) port.send({ kind: "event", event });
    this.#connect();
  }

  #want(port: TabPort, pools: readonly string[]): void {
    const before = this.#tabs.get(port);
    if (before === undefined) return;
    const wanted = new Set(pools);
    this.#tabs.delete(port);
    this.#tabs.set(port, { wanted, lastMs: this.#clock.now() });
    const added = new Set(pools.filter((pool) => !before.wanted.has(pool)));
    for (const event of eventsOf({ ...this.#state, fleet: undefined }, added)) port.send({ kind: "event", event });
    this.#connect();
  }

  #signIn(token: string | undefined): void {
    this.#token = token;
    this.#forget();
    this.#tell({ kind: "token", token });
    this.#connect();
  }

  #signOut(): void {
    this.#token = undefined;
    this.#forget();
    this.#tell({ kind: "token", token: undefined });
    this.#become({ kind: "signed-out", message: "" });
  }

  #forget(): void {
    this.#connection.close();
    this.#state = emptyState;
    this.#pools = undefined;
    this.#status = { kind: "connecting" };
  }

  /** Opens the stream with the pools of all tabs, unless it has them. */
  #connect(): void {
    const wanted = new Set([...this.#tabs.values()].flatMap((tab) => [...tab.wanted]));
    const pools = [...wanted].slice(-MOST_POOLS).sort();
    if (this.#tabs.size === 0) {
      this.#forget();
      return;
    }
    if (this.#status.kind === "signed-out" || pools.join() === this.#pools?.join()) return;
    this.#pools = pools;
    this.#state = restrictedTo(this.#state, wanted);
    this.#connection.open({ token: this.#token, pools });
  }

  #received(event: ConsoleEvent): void {
    this.#state = applied(this.#state, event);
    for (const [port, { wanted }] of this.#tabs)
      if (event.type === "fleet" || wanted.has(event.pool)) port.send({ kind: "event", event });
  }

  #become(status: StreamStatus): void {
    this.#status = status;
    this.#tell({ kind: "status", status });
  }

  #tell(message: ToTab): void {
    for (const port of this.#tabs.keys()) port.send(message);
  }

  /** A tab that crashed does not leave. */
  #expire(): void {
    const oldestMs = this.#clock.now() - TAB_SILENCE_MS;
    for (const [port, { lastMs }] of this.#tabs) if (lastMs < oldestMs) this.#tabs.delete(port);
  }
}
