import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { LIVEKIT_KEY, LIVEKIT_SECRET } from "../livekit/server.ts";
import type { Programs } from "./worker-process.ts";

/** A launch as the maker's plugin makes it. */
export interface PluginLaunch {
  readonly room: string;
  /** Identity of the agent, which has joined the room. */
  readonly agent: string;
  readonly url: string;
  readonly secret: string;
  /** It chooses the dialect: a form for `expression`, else JSON. */
  readonly model?: "essence" | "expression";
  readonly avatar_id?: string;
  /** Colour of an image that the caller sends. */
  readonly image?: string;
}

/** What the agent and the viewer measured, in ms from the start of the launch. */
export interface Shown {
  readonly answeredMs: number;
  readonly joinedMs: number;
  readonly trackMs: number;
  readonly firstFrameMs: number;
  /** Failed attempts of the plugin before the one that succeeded. */
  readonly failures: readonly string[];
}

/** An avatar that is in the room, and its frames since the previous report. */
export interface SeenAvatar {
  /** The agent that it speaks for. */
  readonly agent: string;
  readonly frames: number;
  readonly longestGapMs: number;
  readonly elapsedMs: number;
  readonly width: number;
}

export type GestureAnswer =
  | { readonly answer: string }
  | { readonly code: number; readonly message: string; readonly data?: string };

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly failed?: string;
}

/** A Python process with agents and viewers in real rooms. The agents use the maker's plugin. */
export class Callers implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #commands = 0;

  /** @param livekitUrl `ws://` URL of the server. */
  constructor(livekitUrl: string, { python, folder }: Programs) {
    const log = openSync(path.join(folder, "callers.log"), "a");
    this.#child = spawn(python, [path.join(import.meta.dirname, "callers.py")], {
      env: {
        PATH: process.env.PATH ?? "",
        LIVEKIT_URL: livekitUrl,
        LIVEKIT_API_KEY: LIVEKIT_KEY,
        LIVEKIT_API_SECRET: LIVEKIT_SECRET,
      },
      stdio: ["pipe", "pipe", log],
    });
    closeSync(log);
    this.#child.once("exit", (code, signal) => this.#end(`the callers' process has ended: ${signal ?? `code ${code}`}`));
    this.#child.once("error", (error) => this.#end(error.message));
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on("line", (line) => this.#answer(JSON.parse(line)));
  }

  /** Joins a room as an agent. The first agent of a room brings a viewer. */
  async join(room: string, agent: string): Promise<void> {
    await this.#command("join", { room, agent });
  }

  /** Resolves when the viewer has received the avatar's first frame. @throws with the plugin's error if it gives up. */
  async launch(launch: PluginLaunch): Promise<Shown> {
    return (await this.#command("launch", { ...launch })) as Shown;
  }

  async watch(room: string): Promise<readonly SeenAvatar[]> {
    return (await this.#command("watch", { room })) as readonly SeenAvatar[];
  }

  /** The agent sends an action to the avatar by LiveKit's RPC. */
  async gesture(room: string, agent: string, action: string): Promise<GestureAnswer> {
    return (await this.#command("gesture", { room, agent, action })) as GestureAnswer;
  }

  /** The agent's process ends. The viewer stays. */
  async leave(room: string, agent: string): Promise<void> {
    await this.#command("leave", { room, agent });
  }

  /** All agents and the viewer leave. */
  async hangUp(room: string): Promise<void> {
    await this.#command("hang_up", { room });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.stdin?.end();
    await exited;
  }

  #command(name: string, fields: object): Promise<unknown> {
    const id = this.#commands++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#child.stdin?.write(`${JSON.stringify({ id, do: name, ...fields })}\n`);
    return promise;
  }

  #answer({ id, result, failed }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failed === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(failed));
  }

  #end(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
