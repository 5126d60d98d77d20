import type { V1TokenReview } from "@kubernetes/client-node";
import type { Logger } from "../telemetry/logger.ts";
import type { KubeClient } from "./client.ts";
import { tokenReviews } from "./resource-types.ts";
import type { Json } from "./types.ts";

/** A user as the API server identifies it. */
export interface KubeUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface TokenReview {
  /** Undefined if the token is invalid. */
  readonly user: KubeUser | undefined;
  readonly audiences: readonly string[];
}

/** Has the API server review a token for an audience; for its own audience if undefined. */
export type ReviewToken = (token: string, audience?: string) => Promise<TokenReview>;

/** Logs failures: without the right to create TokenReviews, no request can be authenticated. */
export function reviewTokenWith(client: Pick<KubeClient, "create">, logger: Logger): ReviewToken {
  return async (token, audience) => {
    const review = { spec: { token, ...(audience !== undefined && { audiences: [audience] }) } };
    const { status } = await client.create<Json<V1TokenReview>>(tokenReviews, review).catch((error: unknown) => {
      logger.error({ err: error }, "failed to review a token");
      throw error;
    });
    const { username, ...more } = status?.user ?? {};
    const authenticated = status?.authenticated === true && username !== undefined;
    return { user: authenticated ? { username, ...more } : undefined, audiences: status?.audiences ?? [] };
  };
}
