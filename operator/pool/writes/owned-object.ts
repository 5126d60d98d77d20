import { isDeepStrictEqual } from "node:util";
import { KIND, labels } from "../../api/names.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import { isConflict } from "../../kube/errors.ts";
import type { Store } from "../../kube/store.ts";
import { type KubeObject, keyOf, type ObjectRef, type ResourceType } from "../../kube/types.ts";
import { awaitChange, type Outcome, requeueAfter } from "../../runtime/outcome.ts";
import { foreignObject } from "../name-taken.ts";
import { guardedClient, type PoolClient } from "../refusals/guarded-client.ts";
import { targetOf } from "../refusals/refusal.ts";
import type { Refusals } from "../refusals/refusals.ts";
import type { PoolView } from "../views.ts";

interface SpecObject extends KubeObject {
  readonly spec?: object;
}

export interface OwnedView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly pool: string;
  readonly ownerUid: string | undefined;
  /** Name of the pool that owns it, or that owned it; the UID distinguishes a former pool from the current one. */
  readonly ownerPool: string | undefined;
  readonly spec: object | undefined;
}

export function ownedView({ metadata = {}, spec }: SpecObject): OwnedView {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    generation: metadata.generation ?? 0,
    pool: metadata.labels?.[labels.pool] ?? "",
    ownerUid: owner?.uid,
    ownerPool: owner?.kind === KIND ? owner.name : undefined,
    spec,
  };
}

/** The object that a pool owns, and whether the pool needs it. */
export interface OwnedObject {
  readonly object: SpecObject & { readonly metadata: ObjectRef };
  readonly isNeeded: boolean;
}

export interface OwnedObjectOptions {
  readonly client: PoolClient;
  readonly refusals: Refusals;
  readonly pools: Store<PoolView>;
  readonly type: ResourceType;
  readonly objects: Store<OwnedView>;
  readonly ownedBy: (pool: PoolConfig) => OwnedObject;
}

/**
 * Keeps one object of a kind beside each pool as it should be: its PodDisruptionBudget, its NetworkPolicy. The owner reference
 * deletes it with the pool, after the last session. The pool's `Ready` condition reports an object that cannot be written, or
 * whose name is taken. A foreign object is read again after a backoff; the operator never writes to it. The object of a former
 * pool of the same name is taken over: the garbage collector may leave it for minutes.
 * @throws KubeError the first time that a request fails.
 */
export function ownedObjectReconciler(options: OwnedObjectOptions): (key: string) => Promise<Outcome> {
  const { client, refusals, pools, type, objects, ownedBy } = options;
  const written = new WrittenSpecs();
  return async (key) => {
    const pool = pools.get(key)?.config;
    if (pool === undefined) {
      written.forget(key);
      return awaitChange;
    }
    const { object: wanted, isNeeded } = ownedBy(pool);
    const ref = wanted.metadata;
    const shown = objects.get(keyOf(ref));
    const guarded = guardedClient(client, refusals, pool);
    const target = targetOf("apply", type, ref);
    const requests = [target, targetOf("get", type, ref)];
    const isCurrent = shown?.ownerUid === pool.uid && written.isCurrent(key, shown, wanted.spec);
    if (!isNeeded || isCurrent) {
      for (const request of requests) refusals.dismiss(pool, request);
      if (!isNeeded && shown?.ownerUid === pool.uid) await guarded.delete(type, ref, { uid: shown.uid });
      return awaitChange;
    }
    const heldMs = requests.flatMap((request) => refusals.waitMs(pool, request) ?? []);
    if (heldMs.length > 0) return requeueAfter(Math.max(...heldMs));
    const isForeign = () => requeueAfter(refusals.foreign(pool, target, foreignObject(type, ref)));
    // The watch shows no object without our labels.
    const seen = shown ?? (await read(guarded, type, ref));
    if (seen !== undefined && seen.ownerUid !== pool.uid && seen.ownerPool !== pool.name) return isForeign();
    try {
      // Without force, an object that was created in the meantime is not taken over.
      written.note(key, await guarded.apply(type, wanted, { force: seen !== undefined }), wanted.spec);
    } catch (error) {
      if (seen === undefined && isConflict(error)) return isForeign();
      // A refused write is held from now on: the next reconcile returns for how long.
      throw error;
    }
    return awaitChange;
  };
}

/** The last applied spec of each pool's object. The API server may store another form of it: it drops empty fields. */
class WrittenSpecs {
  readonly #written = new Map<string, { readonly generation: number | undefined; readonly spec: object | undefined }>();

  note(key: string, { metadata }: KubeObject, spec: object | undefined): void {
    this.#written.set(key, { generation: metadata?.generation, spec });
  }

  isCurrent(key: string, shown: OwnedView, spec: object | undefined): boolean {
    const { generation, spec: applied } = this.#written.get(key) ?? {};
    return isDeepStrictEqual(shown.spec, spec) || (generation === shown.generation && isDeepStrictEqual(applied, spec));
  }

  forget(key: string): void {
    this.#written.delete(key);
  }
}

async function read(client: PoolClient, type: ResourceType, ref: ObjectRef): Promise<OwnedView | undefined> {
  const found = await client.get<SpecObject>(type, ref);
  return found && ownedView(found);
}
