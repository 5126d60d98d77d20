import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { labels } from "../../api/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import { pods } from "../../kube/resource-types.ts";
import type { Json, ObjectRef } from "../../kube/types.ts";
import { GATEWAY_SELECTOR, OPERATOR_SELECTOR } from "../selectors.ts";

/** A container that has a log. */
export interface LogSource {
  /** Distinguishes the runs of a container. */
  readonly key: string;
  readonly pod: ObjectRef;
  readonly container: string;
  /** The pod, with the container if the pod has several. */
  readonly name: string;
  readonly component: "operator" | "gateway" | "worker";
}

export interface LogScope {
  readonly namespace: string;
  /** Undefined: all pools of the namespace. */
  readonly pool: string | undefined;
  readonly operatorNamespace: string;
}

type Pod = Json<V1Pod>;

/** A part of the pods that could not be listed. */
export interface Unlisted {
  readonly what: string;
  readonly error: unknown;
}

export interface FoundSources {
  readonly sources: readonly LogSource[];
  readonly unlisted: readonly Unlisted[];
}

const MAX_PODS = 1_000;

/** The containers with logs of the operator, the gateways and the workers of a pool. A part without permission is left out. */
export async function findSources(client: Pick<KubeClient, "list">, scope: LogScope): Promise<FoundSources> {
  const { namespace, pool, operatorNamespace } = scope;
  const parts = [
    { component: "operator", namespace: operatorNamespace, selector: OPERATOR_SELECTOR },
    { component: "gateway", namespace: operatorNamespace, selector: GATEWAY_SELECTOR },
    { component: "worker", namespace, selector: pool === undefined ? labels.pool : `${labels.pool}=${pool}` },
  ] as const;
  const unlisted: Unlisted[] = [];
  const found = await Promise.all(
    parts.map(async ({ component, namespace: of, selector }) => {
      try {
        const { items } = await client.list<Pod>(pods, { namespace: of, labelSelector: selector, limit: MAX_PODS });
        return items.flatMap((pod) => sourcesOf(pod, component));
      } catch (error) {
        unlisted.push({ what: `${component} pods in namespace ${of}`, error });
        return [];
      }
    }),
  );
  return { sources: found.flat(), unlisted };
}

function sourcesOf({ metadata, status }: Pod, component: LogSource["component"]): readonly LogSource[] {
  const { namespace = "", name = "", uid = "" } = metadata ?? {};
  const started = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].filter(hasLog);
  return started.map((container) => ({
    key: `${uid}/${container.name}/${container.restartCount}`,
    pod: { namespace, name },
    container: container.name,
    name: started.length > 1 ? `${name}/${container.name}` : name,
    component,
  }));
}

function hasLog({ state, restartCount }: Json<V1ContainerStatus>): boolean {
  return state?.running !== undefined || state?.terminated !== undefined || restartCount > 0;
}
