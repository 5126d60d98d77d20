import { createHash } from "node:crypto";
import { type KubeObject, keyOf, type ObjectRef, type ResourceType } from "../../kube/types.ts";
import { hideSecrets } from "../../workers/hide-secrets.ts";

/** A request of the operator about one object. */
export interface Target {
  readonly verb: "get" | "apply" | "patch" | "delete";
  readonly kind: string;
  readonly plural: string;
  readonly subresource: string | undefined;
  readonly namespace: string;
  readonly name: string;
}

/** A request that the API server rejects, or fails to execute for a while. The name is empty if all objects of the kind are rejected. */
export interface Refusal extends Target {
  /** HTTP status; 0 if the operator did not send the request, since the object belongs to another owner. */
  readonly status: number;
  /** The API server's reason, such as `Invalid`. */
  readonly reason: string;
  /** The API server's message, without secrets. */
  readonly said: string;
  /** Earliest time of the next attempt. Undefined for a request that is retried with a short back-off. */
  readonly retryAtMs: number | undefined;
}

export function targetOf(
  verb: Target["verb"],
  { kind, plural }: ResourceType,
  { namespace = "", name = "" }: Partial<ObjectRef>,
  subresource?: string,
): Target {
  return { verb, kind, plural, subresource, namespace, name };
}

export function idOf(target: Target): string {
  return `${kindIdOf(target)} ${keyOf(target)}`;
}

/** Id of all objects of the kind in the pool's namespace. */
export function kindIdOf({ verb, plural, subresource = "" }: Target): string {
  return `${verb} ${plural}/${subresource}`;
}

/**
 * Equal for two requests with the same content. It is empty for marks and statuses, whose content changes with time without a
 * change of the request. The required version of the object is ignored.
 */
export function fingerprintOf(sent: object): string {
  const { metadata, ...rest } = sent as KubeObject;
  if (!("spec" in rest || "data" in rest)) return "";
  const { labels, annotations } = metadata ?? {};
  return createHash("sha256")
    .update(JSON.stringify({ ...rest, labels, annotations }))
    .digest("base64url");
}

const MAX_SAID = 600;
/** The message for use in a status or an event, without values of environment variables and likely secrets. */
export function quotable(said: string, sent: object | undefined): string {
  const text = hideSecrets(said, valuesOf(sent));
  return text.length <= MAX_SAID ? text : `${text.slice(0, MAX_SAID)}…`;
}

/** Values of environment variables in a manifest. */
function valuesOf(sent: object | undefined): readonly string[] {
  const { containers = [], initContainers = [] } = (sent as Manifest | undefined)?.spec?.template?.spec ?? {};
  return [...containers, ...initContainers].flatMap(({ env = [] }) => env.flatMap(({ value = "" }) => value));
}

interface Manifest {
  readonly spec?: {
    readonly template?: { readonly spec?: { readonly containers?: Containers; readonly initContainers?: Containers } };
  };
}

type Containers = readonly { readonly env?: readonly { readonly value?: string }[] }[];
