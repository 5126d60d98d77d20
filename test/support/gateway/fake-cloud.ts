import { type Cloud, type CloudAnswer, type CloudLaunch, CloudUnreachable } from "../../../operator/gateway/overflow/cloud.ts";
import type { OverflowEvent } from "../../../operator/gateway/overflow/cloud-launcher.ts";

/** A stand-in for the maker's cloud, without sockets. `answer` is its status or its fault. */
export class FakeCloud implements Cloud {
  answer: number | "unreachable" | "lost" | "hangs" = 200;
  retryAfter: string | undefined;
  words = "";
  readonly launches: CloudLaunch[] = [];
  readonly news: OverflowEvent[] = [];
  /** Rooms of the started sessions. A launch with a lost response, or one that hangs, counts as started. */
  readonly begun: string[] = [];
  /** The maker's secret. If undefined, the Secret is unreadable. */
  secret: string | undefined = "maker-secret";

  async launch(launch: CloudLaunch): Promise<CloudAnswer> {
    if (this.answer === "unreachable") throw new CloudUnreachable("no connection", { cause: new Error("ECONNREFUSED") });
    this.launches.push(launch);
    if (this.answer === "lost" || this.answer === "hangs" || this.answer === 200 || this.answer === 500) {
      this.begun.push((JSON.parse(launch.body) as { readonly room_name: string }).room_name);
    }
    if (this.answer === "lost") throw new Error("read ECONNRESET");
    if (this.answer === "hangs") return new Promise<never>(() => {});
    return { status: this.answer, retryAfter: this.retryAfter, text: this.words };
  }

  /** Bodies of the received launches. */
  get bodies(): readonly Record<string, unknown>[] {
    return this.launches.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  }

  get deps() {
    return {
      cloud: this,
      secrets: {
        values: async () => {
          if (this.secret === undefined) throw new Error("forbidden");
          return [this.secret];
        },
      },
      onEvent: (news: OverflowEvent) => void this.news.push(news),
    };
  }
}
