import { debugErrorSchema, OPERATOR_HTTP_PORT } from "../api/debug.ts";
import type { KubeClient } from "../kube/client.ts";
import { holderOf, type Lease } from "../kube/lease-record.ts";
import { leases } from "../kube/resource-types.ts";
import { keyOf, type ObjectRef } from "../kube/types.ts";
import { reasonOf } from "./reason-of.ts";
import { isMissingRight, missingRight } from "./rights.ts";

/** JSON of one of the leading operator's pages. Throws `OperatorError` and nothing else. */
export type AskOperator = (path: string, query: Readonly<Record<string, string>>) => Promise<unknown>;

/** The operator did not respond, or responded with an error. The message says what to do. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

const TIMEOUT_MS = 10_000;

/** Sends requests to an operator at a URL, such as that of `kubectl port-forward`. */
export function askByUrl(url: string): AskOperator {
  return async (path, query) => {
    const asked = `${url.replace(/\/+$/, "")}${path}`;
    const response = await fetch(`${asked}?${new URLSearchParams(query)}`, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
      (error: unknown) => {
        throw new OperatorError(`no response from ${asked}: ${reasonOf(error)}`);
      },
    );
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok && body !== undefined) return body;
    const said = debugErrorSchema.safeParse(body).data?.message ?? "the response has an unknown format";
    throw new OperatorError(`${asked} responded ${response.status}: ${said}`);
  };
}

/**
 * The pod that holds the operator's Lease.
 * @param otherwise what the user may do without the permission.
 * @throws OperatorError
 */
export async function leadingOperator(
  client: Pick<KubeClient, "get">,
  operator: ObjectRef,
  otherwise = byPortForward(operator.namespace),
): Promise<ObjectRef> {
  const { namespace } = operator;
  const lease = await client.get<Lease>(leases, operator).catch((error: unknown) => {
    throw new OperatorError(
      isMissingRight(error)
        ? `${missingRight(error)}, or ${otherwise}. The Lease names the leading operator`
        : `failed to find the leading operator: ${reasonOf(error)}`,
    );
  });
  const leader = lease && holderOf(lease);
  if (leader !== undefined) return { namespace, name: leader };
  throw new OperatorError(
    lease === undefined
      ? `there is no Lease ${keyOf(operator)}: set --operator-namespace to AvatarPool's namespace, and --operator-name to its Lease, RELEASE-operator`
      : `no operator is the leader now: see kubectl -n ${namespace} get pods`,
  );
}

/** Sends requests through the API server to the leading operator. */
export function askThroughApiServer(client: Pick<KubeClient, "get" | "getFromPod">, operator: ObjectRef): AskOperator {
  const { namespace } = operator;
  return async (path, query) => {
    const leader = await leadingOperator(client, operator);
    return client.getFromPod(leader, OPERATOR_HTTP_PORT, path, query).catch((error: unknown) => {
      throw new OperatorError(
        isMissingRight(error)
          ? `${missingRight(error)}, or ${byPortForward(namespace, leader.name)}`
          : `no response from the leading operator ${leader.name} through the API server (${reasonOf(error)}): ${byPortForward(namespace, leader.name)}`,
      );
    });
  };
}

function byPortForward(namespace: string, pod = "POD"): string {
  const port = OPERATOR_HTTP_PORT;
  return `run kubectl -n ${namespace} port-forward pod/${pod} ${port} and add --url http://127.0.0.1:${port}`;
}
