import type { V1TokenReview } from "@kubernetes/client-node";
import type { KubeClient } from "../../kube/client.ts";
import { tokenReviews } from "../../kube/resource-types.ts";
import type { Json } from "../../kube/types.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { ReviewToken } from "./load-auth.ts";

/** Logs failures: a gateway that may not create TokenReviews serves launches, but no operator receives its load. */
export function reviewTokenWith(client: KubeClient, logger: Logger): ReviewToken {
  return async (token, audience) => {
    const review = { spec: { token, audiences: [audience] } };
    const { status } = await client.create<Json<V1TokenReview>>(tokenReviews, review).catch((error: unknown) => {
      logger.error({ err: error }, "failed to review a token");
      throw error;
    });
    return {
      authenticated: status?.authenticated === true,
      username: status?.user?.username,
      audiences: status?.audiences ?? [],
    };
  };
}
