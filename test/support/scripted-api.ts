import type { KubeClient, KubeList, ListOptions, WatchOptions } from "../../operator/kube/client.ts";
import type { KubeObject, ResourceType } from "../../operator/kube/types.ts";
import type { WatchEvent } from "../../operator/kube/watch-event.ts";

/** The two requests of an informer, with responses from the test. */
export class ScriptedApi implements Pick<KubeClient, "list" | "watch"> {
  /** Responses of the next lists. */
  readonly answers: (KubeList<KubeObject> | Error | Promise<KubeList<KubeObject>>)[] = [];
  readonly lists: ListOptions[] = [];
  readonly watches: ScriptedWatch[] = [];
  /** Thrown by every watch that is opened from now on. */
  refuseWatches: Error | undefined;

  async list<T extends KubeObject>(_type: ResourceType, options: ListOptions = {}): Promise<KubeList<T>> {
    this.lists.push(options);
    const answer = await this.answers.shift();
    if (answer === undefined) throw new Error("the script has no response for this list");
    if (answer instanceof Error) throw answer;
    return answer as KubeList<T>;
  }

  watch(_type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent> {
    const watch = new ScriptedWatch(options);
    this.watches.push(watch);
    if (this.refuseWatches !== undefined) watch.fail(this.refuseWatches);
    return watch.events();
  }

  /** The most recent watch. */
  get open(): ScriptedWatch {
    const watch = this.watches.at(-1);
    if (watch === undefined) throw new Error("no watch was opened");
    return watch;
  }
}

export class ScriptedWatch {
  readonly options: WatchOptions;
  readonly #pending: (WatchEvent | Error | "end")[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(options: WatchOptions) {
    this.options = options;
    options.signal.addEventListener("abort", () => this.fail(new Error("aborted")));
  }

  send(type: WatchEvent["type"], object: KubeObject): void {
    this.#push({ type, object });
  }

  /** The server ends the watch. */
  end(): void {
    this.#push("end");
  }

  fail(error: Error): void {
    this.#push(error);
  }

  async *events(): AsyncGenerator<WatchEvent> {
    for (;;) {
      for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
        if (next === "end") return;
        if (next instanceof Error) throw next;
        yield next;
      }
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  #push(step: WatchEvent | Error | "end"): void {
    this.#pending.push(step);
    this.#wake.resolve();
  }
}
