import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { V1Deployment } from "@kubernetes/client-node";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isConflict, requestFailureOf } from "../../kube/errors.ts";
import { deployments } from "../../kube/resource-types.ts";
import type { Json, KubeObject, ObjectRef } from "../../kube/types.ts";
import { type DeploymentManifest, workerDeployment } from "../../resources/deployment.ts";
import { templateId } from "../../resources/worker-template.ts";
import type { AppliedDeployment, DeploymentWish, PoolMemory } from "../memory.ts";
import { foreignDeployment } from "../name-taken.ts";
import type { ScalePlan } from "../planning/plan-group.ts";
import type { OwnDeployment } from "../snapshot.ts";
import { type DeploymentView, deploymentView } from "../views.ts";

/**
 * How Deployments are written. Two writes may follow each other faster than the watch shows them. Therefore each write is
 * remembered as it left the Deployment, and the next one is planned from that. If the outcome of a write is unknown, because its
 * response was lost or another leader made it, the next write requires the version that the watch shows: a plan from a view that
 * lags would restore an old size.
 */

type Client = Pick<KubeClient, "get" | "apply" | "mergePatch">;

/** Writes a group's Deployment if it differs from the plan. Throws KubeError. */
export async function applyDeployment(
  client: Client,
  pool: PoolConfig,
  { config, replicas, rollout, template }: ScalePlan,
  seen: OwnDeployment,
  memory: PoolMemory,
  nowMs: number,
): Promise<void> {
  const heldBack = rollout.kind === "none" ? undefined : rollout.heldBack;
  const wish = { pool, template: templateId(template), replicas, heldBack };
  const last = memory.applied.get(config.deploymentName);
  const asWeLeftIt = seen.kind === "own" && isAsWeLeftIt(last, seen.view);
  // Most plans change nothing: they cost no manifest either.
  if (asWeLeftIt && isSame(last?.wish, wish)) return;
  const manifest = workerDeployment(pool, config, replicas, template, heldBack);
  const hash = createHash("sha256").update(JSON.stringify(manifest)).digest("base64url");
  if (seen.kind !== "own") return createDeployment(client, manifest, { hash, wish, atMs: nowMs }, memory);
  if (asWeLeftIt && last?.hash === hash) {
    memory.applied.set(config.deploymentName, { ...last, wish });
    return;
  }
  try {
    await changing(client, seen.view, memory, nowMs, async (version) => {
      const object = { ...manifest, metadata: { ...manifest.metadata, ...version } };
      const written = await client.apply<KubeObject>(deployments, object, { force: true });
      return { view: viewOf(written), hash, wish, atMs: nowMs };
    });
  } catch (error) {
    // The size follows demand with the present template if the planned template is refused.
    if (requestFailureOf(error) === "refused" && seen.view.replicas !== replicas)
      await resizeDeployment(client, seen.view, replicas, memory, nowMs);
    throw error;
  }
}

/** A Deployment without our labels is not in the watch: without force it is not taken over. A foreign one is only read again. */
async function createDeployment(
  client: Client,
  manifest: DeploymentManifest,
  write: Omit<AppliedDeployment, "view"> & { readonly wish: DeploymentWish },
  { applied, foreign }: PoolMemory,
): Promise<void> {
  const { namespace, name } = manifest.metadata;
  const { atMs, wish } = write;
  const exists = async (): Promise<boolean> => {
    const view = await read(client, { namespace, name });
    if (view?.ownerUid === wish.pool.uid) applied.set(name, { view, hash: "", atMs });
    else if (view !== undefined) foreign.set(name, { why: foreignDeployment({ namespace, name }, view.ownerUid), atMs });
    return view !== undefined;
  };
  if (foreign.has(name) && (await exists())) return;
  foreign.delete(name);
  try {
    const written = await client.apply<KubeObject>(deployments, manifest, { force: false });
    applied.set(name, { ...write, view: viewOf(written) });
  } catch (error) {
    if (!isConflict(error) || !(await exists())) throw error;
  }
}

/** Changes only the size. Throws KubeError. */
export async function resizeDeployment(
  client: Client,
  seen: DeploymentView,
  replicas: number,
  memory: PoolMemory,
  nowMs: number,
): Promise<void> {
  await changing(client, seen, memory, nowMs, async (version) => {
    const written = await client.mergePatch<KubeObject>(deployments, seen, { metadata: version, spec: { replicas } });
    const { generation, resourceVersion } = viewOf(written);
    return { view: { ...seen, replicas, generation, resourceVersion }, hash: "", atMs: nowMs };
  });
}

/** Carries out a write, and remembers how it left the Deployment or that its outcome is unknown. */
async function changing(
  client: Client,
  seen: DeploymentView,
  { applied }: PoolMemory,
  nowMs: number,
  write: (version: { readonly resourceVersion?: string }) => Promise<AppliedDeployment>,
): Promise<void> {
  const version = isAsWeLeftIt(applied.get(seen.name), seen) ? {} : { resourceVersion: seen.resourceVersion };
  try {
    applied.set(seen.name, await write(version));
  } catch (error) {
    if (requestFailureOf(error) === "refused") throw error;
    // The write may have succeeded.
    applied.delete(seen.name);
    if (isConflict(error)) {
      const view = await read(client, seen);
      // The next attempt is planned from the current object, even if the watch lags.
      if (view !== undefined) applied.set(seen.name, { view, hash: "", atMs: nowMs });
    }
    throw error;
  }
}

function isSame(a: DeploymentWish | undefined, b: DeploymentWish): boolean {
  return (
    a?.pool === b.pool &&
    a.replicas === b.replicas &&
    isDeepStrictEqual(a.template, b.template) &&
    isDeepStrictEqual(a.heldBack, b.heldBack)
  );
}

/** The watch shows our last write, or has not shown it yet. */
function isAsWeLeftIt(last: AppliedDeployment | undefined, seen: DeploymentView): boolean {
  return last?.view.uid === seen.uid && last.view.generation >= seen.generation;
}

async function read(client: Client, { namespace, name }: ObjectRef): Promise<DeploymentView | undefined> {
  const found = await client.get<KubeObject>(deployments, { namespace, name });
  return found && viewOf(found);
}

function viewOf(object: KubeObject): DeploymentView {
  return deploymentView(object as Json<V1Deployment>);
}
