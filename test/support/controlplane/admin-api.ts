import { request } from "node:https";

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 10_000;

/** The few calls that the control plane itself makes, as admin. It does not use the operator's client, which it helps to test. */
export class AdminApi {
  readonly #url: string;
  readonly #authority: string;
  readonly #token: string;

  constructor(options: { readonly url: string; readonly authority: string; readonly token: string }) {
    this.#url = options.url;
    this.#authority = options.authority;
    this.#token = options.token;
  }

  /** Any response, errors included. Rejects without a response. */
  request(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const call = request(
        `${this.#url}${path}`,
        {
          method,
          ca: this.#authority,
          // No connection outlives a restart of the API server.
          agent: false,
          timeout: TIMEOUT_MS,
          headers: { authorization: `Bearer ${this.#token}`, ...(body && { "content-type": "application/json" }) },
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
          response.on("error", reject);
        },
      );
      call.on("timeout", () => call.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
      call.on("error", reject);
      call.end(body && JSON.stringify(body));
    });
  }

  /** As `request`, but an answer other than 2xx is an error that quotes the API server. */
  async demand<T>(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<T> {
    const answer = await this.request(method, path, body);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path} answered ${answer.status}: ${messageOf(answer.body)}`);
    return JSON.parse(answer.body) as T;
  }
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    return body;
  }
}
