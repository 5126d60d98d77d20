import type { FastifyInstance, FastifyReply } from "fastify";

/** Why the gateway is not ready; undefined if it is. */
export type NotReady = () => string | undefined;

const WHAT_THIS_IS = "AvatarPool gateway: send launches to POST /{namespace}/{pool}/launch; the API is described at /openapi.json";

/** `/healthz`: the process answers. `/readyz`: launches may be sent here. `HEAD` is answered like `GET`. */
export function serveHealth(server: FastifyInstance, notReady: NotReady): void {
  server.get("/healthz", async () => "ok\n");
  server.get("/readyz", async (_request, reply) => {
    const reason = notReady();
    return withReadiness(reply, reason).send(`${reason ?? "ok"}\n`);
  });
}

/** `/`: identifies the gateway. It is the default health check of load balancers, so its status is that of `/readyz`. */
export function serveRoot(server: FastifyInstance, notReady: NotReady): void {
  server.get("/", async (request, reply) => {
    const reason = notReady();
    withReadiness(reply, reason);
    if (!/\bjson\b/.test(request.headers.accept ?? "")) return reply.send(`${WHAT_THIS_IS}\n`);
    return reply.send({ message: WHAT_THIS_IS, ready: reason === undefined, ...(reason === undefined ? {} : { reason }) });
  });
}

function withReadiness(reply: FastifyReply, reason: string | undefined): FastifyReply {
  return reply.code(reason === undefined ? 200 : 503);
}
