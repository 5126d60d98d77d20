import { API_GROUP, PLURAL } from "../../api/names.ts";
import type { Permission, ReviewAccess } from "../../kube/access-review.ts";
import type { KubeUser } from "../../kube/token-review.ts";
import { type ObjectKey, refOf } from "../../kube/types.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";

const pools = { group: API_GROUP, resource: PLURAL };

/** What a viewer may do. The subresources exist in RBAC only: the API server serves neither. */
export const actions = {
  view: { ...pools, verb: "get" },
  stopSessions: { ...pools, verb: "delete", subresource: "sessions" },
  launch: { ...pools, verb: "create", subresource: "launches" },
} as const satisfies Readonly<Record<string, Permission>>;

export type Action = keyof typeof actions;

const ALLOWED_MS = 30_000;
/** Shorter, so that a new permission takes effect soon. */
const DENIED_MS = 5_000;
const MAX_REMEMBERED = 20_000;
/** Concurrent reviews of all viewers. */
const MAX_REVIEWS = 100;
/** Concurrent reviews of one evaluation of all pools. */
const REVIEWS_AT_ONCE = 8;

/** Permissions of viewers on pools, as the API server evaluates them, with a short cache. */
export class Permissions {
  readonly #review: ReviewAccess;
  readonly #allowed: ExpiringMap<string, true>;
  readonly #denied: ExpiringMap<string, true>;
  readonly #underWay = new Map<string, Promise<boolean>>();

  constructor({ review, clock }: { readonly review: ReviewAccess; readonly clock: Clock }) {
    this.#review = review;
    this.#allowed = new ExpiringMap({ clock, ttlMs: ALLOWED_MS, max: MAX_REMEMBERED });
    this.#denied = new ExpiringMap({ clock, ttlMs: DENIED_MS, max: MAX_REMEMBERED });
  }

  /** @throws Error if the API server is unavailable, or has too many reviews. */
  may(user: KubeUser, action: Action, pool: ObjectKey): Promise<boolean> {
    return this.#evaluate(user, { ...actions[action], ...refOf(pool) });
  }

  /**
   * The pools among the given ones that the user may get. It first asks about the whole cluster, then about each namespace, then
   * about each pool.
   * @throws Error if the API server is unavailable, or has too many reviews.
   */
  async visible(user: KubeUser, keys: readonly ObjectKey[]): Promise<ReadonlySet<ObjectKey>> {
    if (keys.length === 0) return new Set();
    if (await this.#evaluate(user, actions.view)) return new Set(keys);
    const byNamespace = Map.groupBy(keys, (key) => refOf(key).namespace);
    const seesAll = await this.#filter([...byNamespace.keys()], (namespace) =>
      this.#evaluate(user, { ...actions.view, namespace }),
    );
    const whole = new Set(seesAll);
    const rest = keys.filter((key) => !whole.has(refOf(key).namespace));
    const single = new Set(await this.#filter(rest, (key) => this.may(user, "view", key)));
    return new Set(keys.filter((key) => single.has(key) || whole.has(refOf(key).namespace)));
  }

  async #filter(items: readonly string[], test: (item: string) => Promise<boolean>): Promise<readonly string[]> {
    const passed: string[] = [];
    for (let at = 0; at < items.length; at += REVIEWS_AT_ONCE) {
      const batch = items.slice(at, at + REVIEWS_AT_ONCE);
      const verdicts = await Promise.all(batch.map(test));
      passed.push(...batch.filter((_item, index) => verdicts[index]));
    }
    return passed;
  }

  async #evaluate(user: KubeUser, permission: Permission): Promise<boolean> {
    const key = JSON.stringify([user, permission]);
    if (this.#allowed.get(key)) return true;
    if (this.#denied.get(key)) return false;
    const reviewing = this.#underWay.get(key) ?? this.#begin(key, user, permission);
    const allowed = await reviewing;
    (allowed ? this.#allowed : this.#denied).set(key, true);
    return allowed;
  }

  #begin(key: string, user: KubeUser, permission: Permission): Promise<boolean> {
    if (this.#underWay.size >= MAX_REVIEWS) throw new Error(`${MAX_REVIEWS} permissions are under review: retry in a second`);
    const reviewing = this.#review(user, permission).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, reviewing);
    return reviewing;
  }
}
