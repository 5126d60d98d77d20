import type { KubeClient } from "../../kube/client.ts";
import { isForbidden, KubeError, requestFailureOf } from "../../kube/errors.ts";
import { avatarPools } from "../../kube/resource-types.ts";

import type { AskServer } from "./lint.ts";

/** As kubectl does, without taking the fields of others. */
const MANAGER = "avatarpool-lint";

/**
 * Asks the API server by a dry run, which changes nothing: it evaluates the schema and the CEL rules of the installed CRD, and admission.
 * @throws the error of a request that the API server did not judge.
 */
export function serverCheck(client: Pick<KubeClient, "apply">, namespace: string): AskServer {
  return async (object) => {
    const target = { ...object, metadata: { namespace, ...object.metadata } };
    try {
      await client.apply(avatarPools, target, { dryRun: true, fieldManager: MANAGER });
      return [];
    } catch (error) {
      if (!(error instanceof KubeError) || isForbidden(error) || requestFailureOf(error) !== "refused") throw error;
      return messagesIn(error.said).map(({ path, message }) => ({
        ...{ rule: "api-server", path, why: message },
        cure: "change the field as the message states",
      }));
    }
  };
}

/** The API server joins the messages of all fields. */
function messagesIn(said: string): readonly { readonly path: string; readonly message: string }[] {
  const listed = /^[^:]* is invalid: (.*)$/s.exec(said)?.[1]?.replace(/^\[|\]$/g, "") ?? said;
  return listed
    .split(/, (?=(?:spec|metadata)[.:[])/)
    .map((message) => ({ path: /^(?:spec|metadata)[^:\s]*/.exec(message)?.[0] ?? "", message }));
}
