import { ReviewedTokens } from "../../kube/reviewed-tokens.ts";
import type { KubeUser, ReviewToken } from "../../kube/token-review.ts";
import { type ObjectKey, refOf } from "../../kube/types.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ConsoleFailure } from "../failure.ts";
import { type Action, actions, type Permissions } from "./permissions.ts";

const limits = {
  /** A deleted ServiceAccount or a revoked token takes effect after this time. */
  rememberMs: 30_000,
  refuseMs: 5_000,
  maxRemembered: 1_000,
  maxRefused: 1_000,
  maxReviews: 16,
  /** Viewers behind one Ingress or one port-forward share an address. */
  reviewsPerWindow: 50,
  windowMs: 10_000,
  maxAddresses: 1_000,
};

export interface Caller {
  readonly authorization: string | undefined;
  readonly address: string;
}

/** Authenticates and authorizes the console's viewers by the API server. */
export class Viewers {
  readonly #tokens: ReviewedTokens<KubeUser>;
  readonly #permissions: Permissions;

  constructor(deps: { readonly review: ReviewToken; readonly permissions: Permissions; readonly clock: Clock }) {
    const { review, permissions, clock } = deps;
    this.#permissions = permissions;
    this.#tokens = new ReviewedTokens({ ...limits, clock, review: async (token) => (await review(token)).user });
  }

  /** @throws ConsoleFailure 401 without a valid token, 503 if it cannot be reviewed. */
  async authenticate({ authorization, address }: Caller): Promise<KubeUser> {
    const verdict = await this.#tokens.verdict(authorization, address);
    switch (verdict.access) {
      case "granted":
        return verdict.bearer;
      case "denied":
        throw new ConsoleFailure(401, "the request has no valid Kubernetes token: sign in with a new one");
      case "unknown":
        throw unavailable("authentication");
    }
  }

  /** @throws ConsoleFailure 403 without the permission, 503 if it cannot be evaluated. */
  async authorize(user: KubeUser, action: Action, pool: ObjectKey): Promise<void> {
    if (!(await this.may(user, action, pool))) throw new ConsoleFailure(403, forbidden(user, action, pool));
  }

  /** @throws ConsoleFailure 503 if the permission cannot be evaluated. */
  async may(user: KubeUser, action: Action, pool: ObjectKey): Promise<boolean> {
    return this.#permissions.may(user, action, pool).catch(() => {
      throw unavailable("authorization");
    });
  }

  /** The pools among the given ones that the user may get. @throws ConsoleFailure 503 if this cannot be evaluated. */
  async visible(user: KubeUser, pools: readonly ObjectKey[]): Promise<ReadonlySet<ObjectKey>> {
    return this.#permissions.visible(user, pools).catch(() => {
      throw unavailable("authorization");
    });
  }
}

function unavailable(what: string): ConsoleFailure {
  return new ConsoleFailure(503, `${what} is unavailable: the API server did not review the request; retry in a few seconds`);
}

/** The sentence for a missing permission. */
export function forbidden({ username }: KubeUser, action: Action, pool: ObjectKey): string {
  const { verb, group, resource, ...more } = actions[action];
  const { namespace, name } = refOf(pool);
  const what = "subresource" in more ? `${resource}/${more.subresource}` : resource;
  return `${username} may not ${verb} ${what}.${group} "${name}" in namespace "${namespace}": bind a role with this permission`;
}
