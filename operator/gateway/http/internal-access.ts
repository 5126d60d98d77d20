import type { FastifyReply, FastifyRequest } from "fastify";
import type { DenialLog } from "../../telemetry/denial-log.ts";
import type { Access } from "../load/load-auth.ts";

/** Whether the bearer of a request on the internal port may make it. */
export type CheckAccess = (authorization: string | undefined, address: string) => Promise<Access>;

/** Responds to a request without a valid token. */
export async function isAuthorized(
  { denials }: { readonly denials: Pick<DenialLog, "note"> },
  access: CheckAccess,
  request: FastifyRequest,
  reply: FastifyReply,
  denial: string,
): Promise<boolean> {
  switch (await access(request.headers.authorization, request.ip)) {
    case "granted":
      return true;
    case "denied":
      denials.note(request, denial);
      reply.code(401).send(errorBody("denied", denial));
      return false;
    case "unknown":
      unavailable(reply, "authentication is unavailable: the token cannot be reviewed");
      return false;
  }
}

export function unavailable(reply: FastifyReply, message: string): FastifyReply {
  return reply.code(503).header("retry-after", "1").send(errorBody("unavailable", message));
}

export function badRequest(reply: FastifyReply, error: Error): FastifyReply {
  return reply.code(400).send(errorBody("bad_request", error.message));
}

function errorBody(code: string, message: string) {
  return { error: { code, message } };
}

/** Limits how much work is done at once. */
export class ConcurrencyLimit {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  async with(work: () => Promise<unknown>, full: () => unknown): Promise<unknown> {
    if (this.#taken >= this.#max) return full();
    this.#taken += 1;
    try {
      return await work();
    } finally {
      this.#taken -= 1;
    }
  }
}
