import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ConsoleFailure } from "../failure.ts";
import type { Asset, Assets } from "./assets.ts";

const INDEX = "index.html";
const ONE_YEAR_S = 31_536_000;

/** Serves the pages: the index without a cache, files with a hash in their name forever. */
export function serveAssets(server: FastifyInstance, assets: Assets): void {
  server.get<{ readonly Params: { readonly "*": string } }>("/*", async (request, reply) => {
    const name = request.params["*"];
    const asset = assets.get(name === "" ? INDEX : name);
    if (asset === undefined) throw new ConsoleFailure(404, notFound(assets));
    return send(asset, request, reply);
  });
}

function notFound(assets: Assets): string {
  return assets.has(INDEX)
    ? "the console has no such page: open its base URL"
    : "this build has no pages of the console: build AvatarPool with `npm run build`";
}

async function send(asset: Asset, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const cached = asset.immutable ? `public, max-age=${ONE_YEAR_S}, immutable` : "no-cache";
  reply.headers({ "cache-control": cached, etag: asset.etag, vary: "accept-encoding" });
  if (request.headers["if-none-match"] === asset.etag) return reply.code(304).send();
  reply.type(asset.type);
  if (!/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) return reply.send(asset.body);
  return reply.header("content-encoding", "gzip").send(await asset.gzipped());
}
