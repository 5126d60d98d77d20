import { readFile } from "node:fs/promises";
import { Agent, type Dispatcher, request } from "undici";
import type { z } from "zod";
import type { SessionsPage, TestLaunchResult } from "../api/console.ts";
import {
  consolePath,
  endedSchema,
  type GatewayLaunch,
  gatewayErrorSchema,
  gatewayLaunchedSchema,
  gatewaySessionsSchema,
} from "../api/console-gateway.ts";
import { ByteCollector } from "../runtime/byte-collector.ts";
import type { Clock } from "../runtime/clock.ts";
import { withDeadline } from "../runtime/deadline.ts";
import { parsedJson } from "../runtime/parsed-json.ts";
import { hideSecrets } from "../workers/hide-secrets.ts";
import { mergeSessions } from "./gateway-sessions.ts";

const ANSWER_MS = 5_000;
/** Ending a session takes as long as its worker needs to respond. */
const END_MS = 15_000;
/** The longest queue, and the start of a session after it. */
const LAUNCH_MS = 400_000;
/** Gateways that are requested at once. */
const MAX_GATEWAYS = 50;
/** A page with 5,000 sessions takes about 2 MB. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

export interface GatewayClientDeps {
  /** Base URLs of the gateways' internal ports. */
  addresses(): readonly string[];
  /** File with the ServiceAccount token that gateways require. */
  readonly tokenFile: string;
  readonly clock: Clock;
}

/** Why a gateway did not do what was requested, as a sentence. */
class GatewayError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What the console requests from gateways. */
export class GatewayClient {
  readonly #deps: GatewayClientDeps;
  readonly #agent: Dispatcher = new Agent({ connect: { timeout: 2_000 }, headersTimeout: LAUNCH_MS, bodyTimeout: ANSWER_MS });

  constructor(deps: GatewayClientDeps) {
    this.#deps = deps;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** @throws Error with a remedy if no gateway answers. */
  async sessions(namespace: string, pool: string): Promise<SessionsPage> {
    const addresses = this.#gateways();
    const path = consolePath("sessions", { namespace, pool });
    const answers = await Promise.allSettled(
      addresses
        .slice(0, MAX_GATEWAYS)
        .map((address) => this.#ask(address, { method: "GET", path }, gatewaySessionsSchema, ANSWER_MS)),
    );
    const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    const failed = answers.find((answer) => answer.status === "rejected");
    if (found.length === 0 && failed !== undefined) throw failed.reason;
    return mergeSessions(found, found.length === addresses.length);
  }

  /**
   * @returns how many sessions of the room were ended.
   * @throws Error with a remedy if a worker did not end its session, or if no gateway answers.
   */
  async stopSessions(namespace: string, pool: string, room: string): Promise<number> {
    const path = consolePath("room", { namespace, pool, room });
    return this.#first(async (address) => {
      try {
        return (await this.#ask(address, { method: "DELETE", path }, endedSchema, END_MS)).ended;
      } catch (error) {
        // Every gateway looks at all workers: another one finds no more.
        if (error instanceof GatewayError && error.code === "session_not_found") return 0;
        throw error;
      }
    });
  }

  /** @throws Error with a remedy if no gateway takes the launch. */
  async launch(namespace: string, pool: string, launch: GatewayLaunch, signal: AbortSignal): Promise<TestLaunchResult> {
    const path = consolePath("launch", { namespace, pool });
    const body = JSON.stringify(launch);
    const secrets = [launch.livekit_token];
    const result = await this.#first((address) =>
      this.#ask(address, { method: "POST", path, body }, gatewayLaunchedSchema, LAUNCH_MS, signal),
    );
    const { message } = result;
    return { room: launch.room_name, ...result, ...(message !== undefined && { message: hideSecrets(message, secrets) }) };
  }

  #gateways(): readonly string[] {
    const addresses = this.#deps.addresses();
    if (addresses.length === 0) throw new Error("no gateway runs: check the gateways' Deployment and its pods");
    return addresses;
  }

  /** The answer of the first gateway that can be reached. A request that a gateway has received is not repeated. */
  async #first<T>(ask: (address: string) => Promise<T>): Promise<T> {
    const addresses = this.#gateways();
    let failure: unknown;
    for (const address of addresses.slice(0, MAX_GATEWAYS)) {
      try {
        return await ask(address);
      } catch (error) {
        if (!(error instanceof Unreached)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** @throws Unreached if no connection was made; Error with a remedy in every other case. */
  async #ask<T>(
    address: string,
    { method, path, body }: { readonly method: "GET" | "DELETE" | "POST"; readonly path: string; readonly body?: string },
    schema: z.ZodType<T>,
    limitMs: number,
    signal?: AbortSignal,
  ): Promise<T> {
    const { tokenFile, clock } = this.#deps;
    const token = (await readFile(tokenFile, "utf8")).trim();
    const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) };
    const options = { dispatcher: this.#agent, method, headers, ...(body !== undefined && { body }) };
    try {
      return await withDeadline(
        clock,
        limitMs,
        async (limit) => {
          const answer = await request(`${address}${path}`, { ...options, signal: limit });
          const text = await textOf(answer.body);
          if (answer.statusCode !== 200) throw errorOf(address, answer.statusCode, text);
          return schema.parse(JSON.parse(text));
        },
        signal,
      );
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      const { code } = error as { readonly code?: string };
      const reason = error instanceof Error ? error.message : String(error);
      const message = `gateway ${address} does not respond: ${reason}; check its pod, or retry`;
      const unreached = code === "ECONNREFUSED" || code === "UND_ERR_CONNECT_TIMEOUT" || code === "EHOSTUNREACH";
      throw unreached ? new Unreached(message, { cause: error }) : new Error(message, { cause: error });
    }
  }
}

class Unreached extends Error {}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const collected = new ByteCollector();
  for await (const chunk of body) {
    if (collected.length + chunk.length > MAX_BODY_BYTES) throw new Error(`its response is longer than ${MAX_BODY_BYTES} bytes`);
    collected.push(chunk);
  }
  return collected.bytes.toString("utf8");
}

function errorOf(address: string, status: number, text: string): GatewayError {
  const parsed = gatewayErrorSchema.safeParse(parsedJson(text));
  if (parsed.success) return new GatewayError(status, parsed.data.error.code, parsed.data.error.message);
  if (status === 404)
    return new GatewayError(
      status,
      "old",
      `gateway ${address} is of an older version, which serves no console: update the gateways`,
    );
  return new GatewayError(status, "unknown", `gateway ${address} responded ${status}: see its log`);
}
