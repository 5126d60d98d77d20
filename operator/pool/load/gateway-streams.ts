import { readFile } from "node:fs/promises";
import { Agent, type Dispatcher, request } from "undici";
import { withCurrentNames } from "../../api/former-load-names.ts";
import { LOAD_HEARTBEAT_MS, LOAD_PATH, loadReportSchema } from "../../api/load-report.ts";
import { completeLines } from "../../kube/lines.ts";
import { fullJitterMs } from "../../runtime/backoff.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { LoadHub } from "./load-hub.ts";

/** A stream without a line for this long is dead, because a gateway sends a heartbeat every second. */
const SILENCE_MS = 5 * LOAD_HEARTBEAT_MS;
const BACKOFF = { baseMs: 100, maxMs: 2_000 };

export interface GatewayStreamsOptions {
  readonly hub: LoadHub;
  /** File with the ServiceAccount token that gateways require. It is read at each connection, because the token rotates. */
  readonly tokenFile: string;
  readonly onChange: (poolKey: string) => void;
  readonly onConnections: (connected: number) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Keeps one load stream open to every gateway, and feeds the hub. */
export class GatewayStreams {
  readonly #options: GatewayStreamsOptions;
  readonly #agent: Dispatcher = new Agent({ bodyTimeout: SILENCE_MS, headersTimeout: SILENCE_MS, connect: { timeout: 2_000 } });
  readonly #streams = new Map<string, AbortController>();
  readonly #signal: AbortSignal;

  constructor(options: GatewayStreamsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Sets the base URLs of the present gateways. Streams to others are closed. */
  set(addresses: readonly string[]): void {
    const { hub, clock } = this.#options;
    hub.setGateways(addresses, clock.now());
    for (const [address, stream] of this.#streams) {
      if (addresses.includes(address)) continue;
      stream.abort();
      this.#streams.delete(address);
    }
    for (const address of addresses) {
      if (this.#streams.has(address) || this.#signal.aborted) continue;
      const stream = new AbortController();
      this.#streams.set(address, stream);
      void this.#follow(address, AbortSignal.any([stream.signal, this.#signal]));
    }
    this.#options.onConnections(hub.connected);
  }

  /** Base URLs of the present gateways. */
  get addresses(): readonly string[] {
    return [...this.#streams.keys()];
  }

  /** Call once the signal has aborted. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #follow(address: string, signal: AbortSignal): Promise<void> {
    const { hub, clock, random, logger } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#read(address, signal, () => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ gateway: address, err: error }, "load stream lost");
      }
      hub.disconnected(address, clock.now());
      this.#options.onConnections(hub.connected);
      failures++;
      await sleep(clock, fullJitterMs(failures, BACKOFF, random), signal);
    }
  }

  async #read(address: string, signal: AbortSignal, onLine: () => void): Promise<void> {
    const { hub, tokenFile, onChange, onConnections, clock } = this.#options;
    const token = (await readFile(tokenFile, "utf8")).trim();
    const answer = await request(`${address}${LOAD_PATH}`, {
      dispatcher: this.#agent,
      signal,
      headers: { authorization: `Bearer ${token}` },
    });
    if (answer.statusCode !== 200) {
      throw new Error(`${address} answered ${answer.statusCode}: ${(await answer.body.text()).slice(0, 200)}`);
    }
    for await (const line of completeLines(answer.body)) {
      const report = loadReportSchema.parse(withCurrentNames(JSON.parse(line)));
      const before = hub.connected;
      const changed = hub.accept(address, report, clock.now());
      onLine();
      if (hub.connected !== before) onConnections(hub.connected);
      for (const key of changed) onChange(key);
    }
  }
}
