import type { PoolSummary } from "../../api/console.ts";
import type { KubeUser } from "../../kube/token-review.ts";
import type { ObjectKey } from "../../kube/types.ts";
import type { Viewers } from "../access/viewers.ts";

/** A viewer's rights at one moment. */
export interface Rights {
  readonly user: KubeUser;
  readonly evaluated: ReadonlySet<ObjectKey>;
  /** The evaluated pools that the viewer may get. */
  readonly visible: ReadonlySet<ObjectKey>;
  /** What the viewer may do with the requested pools among them. */
  readonly may: ReadonlyMap<ObjectKey, PoolSummary["may"]>;
}

/**
 * @param fleet all pools.
 * @param requested pools whose details the viewer requested. They need not exist.
 * @throws ConsoleFailure 503 if the rights cannot be evaluated.
 */
export async function rightsOf(
  viewers: Pick<Viewers, "may" | "visible">,
  user: KubeUser,
  fleet: Iterable<ObjectKey>,
  requested: readonly ObjectKey[],
): Promise<Rights> {
  const evaluated = new Set([...fleet, ...requested]);
  const visible = await viewers.visible(user, [...evaluated]);
  const may = await Promise.all(
    requested
      .filter((pool) => visible.has(pool))
      .map(async (pool) => {
        const [stopSessions, launch] = await Promise.all([
          viewers.may(user, "stopSessions", pool),
          viewers.may(user, "launch", pool),
        ]);
        return [pool, { stopSessions, launch }] as const;
      }),
  );
  return { user, evaluated, visible, may: new Map(may) };
}
