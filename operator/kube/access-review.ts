import type { V1SubjectAccessReview } from "@kubernetes/client-node";
import type { Logger } from "../telemetry/logger.ts";
import type { KubeClient } from "./client.ts";
import { subjectAccessReviews } from "./resource-types.ts";
import type { KubeUser } from "./token-review.ts";
import type { Json } from "./types.ts";

/** What a user wants to do. Without a namespace or a name: to all objects of the cluster, or of the namespace. */
export interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Has the API server evaluate a user's permission. */
export type ReviewAccess = (user: KubeUser, permission: Permission) => Promise<boolean>;

/** Logs failures: without the right to create SubjectAccessReviews, no viewer has a permission. */
export function reviewAccessWith(client: Pick<KubeClient, "create">, logger: Logger): ReviewAccess {
  return async ({ username, uid, groups = [], extra = {} }, permission) => {
    const review = {
      spec: {
        user: username,
        ...(uid !== undefined && { uid }),
        groups: [...groups],
        extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
        resourceAttributes: permission,
      },
    };
    const { status } = await client.create<Json<V1SubjectAccessReview>>(subjectAccessReviews, review).catch((error: unknown) => {
      logger.error({ err: error }, "failed to review a permission");
      throw error;
    });
    return status?.allowed === true;
  };
}
