import type { KubeClient } from "../../kube/client.ts";
import type { ObjectRef } from "../../kube/types.ts";
import { usageError } from "../exit.ts";

const LIFETIME_S = 3_600;
/** A token of a ServiceAccount is replaced after four fifths of its life. */
const REPLACE_AFTER_MS = LIFETIME_S * 800;

const CURE =
  "add --service-account NAMESPACE/NAME of a ServiceAccount that may get the pools; it requires the permission to create serviceaccounts/token";

/** The token of the kubeconfig's user. @throws CommandError if the user has none. */
export async function userToken(client: Pick<KubeClient, "bearerToken">): Promise<string> {
  const token = await client.bearerToken();
  if (token !== undefined) return token;
  throw usageError(
    `the console needs a token, and the kubeconfig authenticates without one, such as by a client certificate: ${CURE}`,
  );
}

/** Short-lived tokens of a ServiceAccount, requested with the user's permissions. */
export function accountTokens(
  client: Pick<KubeClient, "requestToken">,
  account: ObjectRef,
  nowMs: () => number,
): () => Promise<string> {
  let kept: { readonly token: Promise<string>; readonly sinceMs: number } | undefined;
  return () => {
    if (kept !== undefined && nowMs() - kept.sinceMs < REPLACE_AFTER_MS) return kept.token;
    const requested = { token: client.requestToken(account, LIFETIME_S), sinceMs: nowMs() };
    requested.token.catch(() => {
      if (kept === requested) kept = undefined;
    });
    kept = requested;
    return requested.token;
  };
}

/** @throws CommandError for another format. */
export function accountOf(text: string): ObjectRef {
  const [namespace, name, more] = text.split("/");
  if (namespace && name && more === undefined) return { namespace, name };
  throw usageError(`--service-account ${text}: expected NAMESPACE/NAME`);
}
