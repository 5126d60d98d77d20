import { createServer, type Server } from "node:http";
import { exposition, type MetricsRegistry } from "./metrics.ts";

export interface JsonAnswer {
  readonly status: number;
  readonly body: object;
}

/** Computes the response of a path to a query. */
export type JsonPage = (query: URLSearchParams) => JsonAnswer;

export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: MetricsRegistry;
  /** Undefined if ready, else the reason that `/readyz` returns. */
  readonly notReady: () => string | undefined;
  /** Additional pages, by path. */
  readonly pages?: Readonly<Record<string, JsonPage>>;
}

/** Serves `/healthz`, `/readyz`, `/metrics` and the given pages. Resolves once it listens. */
export function startHealthServer({ host, port, registry, notReady, pages = {} }: HealthServerOptions): Promise<Server> {
  const paths = ["/healthz", "/readyz", "/metrics", ...Object.keys(pages)];
  const server = createServer((request, response) => {
    const text = (status: number, body: string) => response.writeHead(status, { "content-type": "text/plain" }).end(`${body}\n`);
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    switch (path) {
      case "/healthz":
        return text(200, "ok");
      case "/readyz": {
        const why = notReady();
        return why === undefined ? text(200, "ok") : text(503, why);
      }
      case "/metrics":
        exposition(registry, request.headers.accept).then(
          ({ contentType, text: metrics }) => response.writeHead(200, { "content-type": contentType }).end(metrics),
          (error: unknown) => text(500, String(error)),
        );
        return undefined;
      default: {
        const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
        if (page === undefined) return text(404, `not found; available paths: ${paths.join(", ")}`);
        const { status, body } = page(new URLSearchParams(query));
        return response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
      }
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
