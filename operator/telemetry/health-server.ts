import { createServer, type Server } from "node:http";
import type { Registry } from "prom-client";

export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  /** What `/readyz` answers: undefined when ready, else why not. */
  readonly notReady: () => string | undefined;
}

/** Serves `/healthz`, `/readyz` and `/metrics`. Resolves once it listens. */
export function startHealthServer({ host, port, registry, notReady }: HealthServerOptions): Promise<Server> {
  const server = createServer((request, response) => {
    const text = (status: number, body: string) => response.writeHead(status, { "content-type": "text/plain" }).end(`${body}\n`);
    switch (request.url) {
      case "/healthz":
        return text(200, "ok");
      case "/readyz": {
        const why = notReady();
        return why === undefined ? text(200, "ok") : text(503, why);
      }
      case "/metrics":
        registry.metrics().then(
          (metrics) => response.writeHead(200, { "content-type": registry.contentType }).end(metrics),
          (error: unknown) => text(500, String(error)),
        );
        return undefined;
      default:
        return text(404, "there are /healthz, /readyz and /metrics");
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
