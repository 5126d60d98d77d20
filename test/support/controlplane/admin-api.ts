import { request } from "node:https";

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 10_000;

/** The few requests of the control plane itself, as admin. It does not use the operator's client, because that is under test. */
export class AdminApi {
  readonly #url: string;
  readonly #authority: string;
  readonly #token: string;

  constructor(options: { readonly url: string; readonly authority: string; readonly token: string }) {
    this.#url = options.url;
    this.#authority = options.authority;
    this.#token = options.token;
  }

  /** Returns any response, including errors. Rejects if there is no response. */
  request(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const call = request(
        `${this.#url}${path}`,
        {
          method,
          ca: this.#authority,
          // Connections are not reused, because a restart of the API server breaks them.
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
      call.on("timeout", () => call.destroy(new Error(`no response within ${TIMEOUT_MS / 1000} s`)));
      call.on("error", reject);
      call.end(body && JSON.stringify(body));
    });
  }

  /** As `request`, but rejects with the API server's message if the status is not 2xx. */
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
