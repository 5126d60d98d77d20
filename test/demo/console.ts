import { dashboard } from "../../operator/cli/dashboard/dashboard.ts";
import type { Stage } from "./stage.ts";

interface ConsoleOptions {
  readonly log: (line: string) => void;
  /** Whether to open a browser. */
  readonly open: boolean;
}

/** The operator's console on this machine, through the proxy of `kubectl avatarpool dashboard`, until it is disposed. */
export class DemoConsole implements AsyncDisposable {
  readonly #stopping: AbortController;
  readonly #serving: Promise<void>;

  private constructor(stopping: AbortController, serving: Promise<void>) {
    this.#stopping = stopping;
    this.#serving = serving;
  }

  /** Resolves once the link is printed. @throws Error if the console does not respond. */
  static async start({ plane, consoleUrl }: Stage, { log, open }: ConsoleOptions): Promise<DemoConsole> {
    const stopping = new AbortController();
    const flags = { kubeconfig: plane.kubeconfig, operatorNamespace: "", operatorName: "", consoleUrl, open };
    const { promise: printed, resolve } = Promise.withResolvers<void>();
    const print = (line: string): void => {
      log(line);
      resolve();
    };
    const serving = dashboard(flags, { signal: stopping.signal, print, hint: log });
    await Promise.race([printed, serving]);
    return new DemoConsole(stopping, serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#serving;
  }
}
