import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Decides which requests to the local proxy get the viewer's token. */

const KEY_PARAMETER = "key";

export type Verdict =
  | { readonly kind: "forward" }
  /** The link of the command line was opened: the browser gets a cookie and loads the page without the key. */
  | { readonly kind: "welcome"; readonly setCookie: string; readonly location: string }
  | { readonly kind: "refuse"; readonly status: 403 | 421; readonly message: string };

export interface GuardOptions {
  readonly port: number;
  /** A random text of at least 128 bits. */
  readonly newSecret: () => string;
  /** Called with the next link when one was used. */
  readonly onLink: (url: string) => void;
}

/**
 * Other pages and other users of the machine can also reach a port on loopback. The guard admits requests whose Host is this server,
 * that no other page sends, and whose browser has opened a link. A link works once.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #session: string;
  #key: string;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#session = options.newSecret();
    this.#key = options.newSecret();
  }

  get link(): string {
    return `http://127.0.0.1:${this.#options.port}/?${KEY_PARAMETER}=${this.#key}`;
  }

  verdict(method: string, url: string, headers: IncomingHttpHeaders): Verdict {
    const { port, newSecret, onLink } = this.#options;
    const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
    // A name of another site may resolve to this address (DNS rebinding).
    if (!hosts.includes(headers.host ?? "")) return refuse(421, `open http://${hosts[0]}/: this server has no other name`);
    if (isOfOtherPage(method, headers, hosts)) return refuse(403, "requests of other pages are rejected");
    const asked = new URL(url, "http://localhost");
    const key = asked.searchParams.get(KEY_PARAMETER);
    if (method === "GET" && key !== null && same(key, this.#key)) {
      this.#key = newSecret();
      onLink(this.link);
      return { kind: "welcome", setCookie: `${this.#cookie}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`, location: "/" };
    }
    const session = cookieOf(headers, this.#cookie);
    if (session !== undefined && same(session, this.#session)) return { kind: "forward" };
    return refuse(403, "this browser has not opened the latest link of the command line, which works once: open it");
  }

  /** Browsers send cookies to every port of a host. */
  get #cookie(): string {
    return `avatarpool-dashboard-${this.#options.port}`;
  }
}

function isOfOtherPage(method: string, headers: IncomingHttpHeaders, hosts: readonly string[]): boolean {
  const { origin, "sec-fetch-site": site } = headers;
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) return true;
  if (site === undefined || site === "same-origin" || site === "none") return false;
  // A link in another program or page opens a whole page, which the other page cannot read.
  return !(method === "GET" && headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document");
}

function refuse(status: 403 | 421, message: string): Verdict {
  return { kind: "refuse", status, message };
}

function cookieOf({ cookie = "" }: IncomingHttpHeaders, name: string): string | undefined {
  const prefix = `${name}=`;
  const found = cookie.split(";").find((pair) => pair.trim().startsWith(prefix));
  return found?.trim().slice(prefix.length);
}

function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
