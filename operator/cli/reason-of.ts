import { KubeError } from "../kube/errors.ts";

/** Why a request got no response. The library's cause is clearer than its message, except for errors of the API server. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && !(error instanceof KubeError) ? error.cause.message : error.message;
}
