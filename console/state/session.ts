import { Api } from "../api/api.ts";
import { type HubPort, openHub } from "../stream/open-hub.ts";
import type { StreamStatus, ToHub, ToTab } from "../stream/protocol.ts";
import { applied, type ConsoleState, emptyState, restrictedTo } from "./fleet-state.ts";
import { Store } from "./store.ts";

const TOKEN_KEY = "avatarpool-token";
const HERE_MS = 60_000;

/** The connection of this tab: its token, the requests with it, and what the stream has shown. */
export class Session {
  readonly api = new Api({
    fetch: (...request) => fetch(...request),
    token: () => this.#token,
    onSignedOut: (message) => this.status.set({ kind: "signed-out", message }),
  });
  readonly state = new Store<ConsoleState>(emptyState, onFrame);
  readonly status = new Store<StreamStatus>({ kind: "connecting" }, (notify) => queueMicrotask(notify));
  #token = sessionStorage.getItem(TOKEN_KEY) ?? undefined;
  #wanted: readonly string[] = [];
  #sent = "";
  #port: HubPort;

  constructor() {
    this.#port = openHub((port) => {
      this.#port = port;
      this.#join();
    });
    this.#join();
    setInterval(() => this.#send({ kind: "here" }), HERE_MS);
    addEventListener("pagehide", () => this.#send({ kind: "leave" }));
    // A page from the back-forward cache has left the hub.
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  }

  /** Shows the details of these pools, and no others. */
  want(pools: readonly string[]): void {
    this.#wanted = pools;
    // A page that replaces another one ends its subscription and starts its own at once.
    queueMicrotask(() => {
      if (this.#wanted.join() === this.#sent) return;
      this.#sent = this.#wanted.join();
      this.state.set(restrictedTo(this.state.value, new Set(this.#wanted)));
      this.#send({ kind: "want", pools: this.#wanted });
    });
  }

  /** Uses a token, or none behind a proxy that adds one. @throws ApiError if the operator rejects it. */
  async signIn(token: string | undefined): Promise<void> {
    await this.api.viewerOf(token);
    this.#send({ kind: "sign-in", token });
  }

  signOut(): void {
    this.#send({ kind: "sign-out" });
  }

  #join(): void {
    this.#port.listen((message) => this.#handle(message));
    this.#send({ kind: "join", token: this.#token });
    this.#send({ kind: "want", pools: this.#wanted });
  }

  #send(message: ToHub): void {
    this.#port.send(message);
  }

  #handle(message: ToTab): void {
    switch (message.kind) {
      case "status":
        this.status.set(message.status);
        break;
      case "token":
        this.#keep(message.token);
        break;
      case "event":
        this.state.set(applied(this.state.value, message.event));
        break;
    }
  }

  /** The events after a token are of its viewer. */
  #keep(token: string | undefined): void {
    if (token !== this.#token) this.state.set(emptyState);
    this.#token = token;
    if (token === undefined) sessionStorage.removeItem(TOKEN_KEY);
    else sessionStorage.setItem(TOKEN_KEY, token);
  }
}

/** A hidden tab gets no frames, so it draws nothing until it is visible again. */
function onFrame(notify: () => void): void {
  requestAnimationFrame(notify);
}
