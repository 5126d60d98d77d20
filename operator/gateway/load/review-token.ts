import type { V1TokenReview } from "@kubernetes/client-node";
import type { KubeClient } from "../../kube/client.ts";
import { tokenReviews } from "../../kube/resource-types.ts";
import type { Json } from "../../kube/types.ts";
import type { ReviewToken } from "./load-auth.ts";

export function reviewTokenWith(client: KubeClient): ReviewToken {
  return async (token, audience) => {
    const { status } = await client.create<Json<V1TokenReview>>(tokenReviews, { spec: { token, audiences: [audience] } });
    return {
      authenticated: status?.authenticated === true,
      username: status?.user?.username,
      audiences: status?.audiences ?? [],
    };
  };
}
