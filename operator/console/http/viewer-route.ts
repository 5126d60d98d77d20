import type { FastifyInstance } from "fastify";
import packageFile from "../../../package.json" with { type: "json" };
import { consolePaths, type Viewer } from "../../api/console.ts";
import { type ConsoleServerDeps, callerOf, leadership } from "./deps.ts";

/** Who the viewer is, and which operator responds. */
export function serveViewer(server: FastifyInstance, deps: ConsoleServerDeps): void {
  server.get(`/${consolePaths.viewer}`, async (request): Promise<Viewer> => {
    const { source } = leadership(deps);
    const { username } = await deps.viewers.authenticate(callerOf(request));
    const { sinceMs, history } = source;
    return { user: username, operator: deps.replica, sinceMs, version: packageFile.version, history };
  });
}
