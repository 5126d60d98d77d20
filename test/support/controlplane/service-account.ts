import type { AdminApi } from "./admin-api.ts";

const TOKEN_SECONDS = 24 * 3600;

/** A token for an existing ServiceAccount, valid for a day. Without audiences, it is for the API server. */
export async function requestToken(
  api: AdminApi,
  account: { readonly namespace: string; readonly name: string },
  audiences?: readonly string[],
): Promise<string> {
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: TOKEN_SECONDS, ...(audiences && { audiences }) },
  };
  const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
  const answer = await api.demand<{ status: { token: string } }>("POST", path, request);
  return answer.status.token;
}
