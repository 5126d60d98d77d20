import { API_GROUP } from "../api/names.ts";
import { isForbidden, KubeError } from "../kube/errors.ts";

/** A permission that RBAC denies, as the API server names it. */
interface MissingRight {
  readonly user: string;
  readonly verb: string;
  /** Plural, with the subresource if there is one. */
  readonly resource: string;
  readonly group: string;
  /** Empty for a request on all namespaces or on a cluster-scoped kind. */
  readonly namespace: string;
}

/** Source: `responsewriters/errors.go` in Kubernetes `staging/src/k8s.io/apiserver`. */
const DENIED =
  /User "(?<user>[^"]*)" cannot (?<verb>[a-z]+) resource "(?<resource>[^"]+)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]+)")?/;

const readVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/** Kinds that Kubernetes' own roles contain: `view` for reads, `edit` for writes. The chart adds AvatarPools to both. */
const inRoles: ReadonlySet<string> = new Set([
  "avatarpools",
  "pods",
  "pods/log",
  "events",
  "deployments",
  "replicasets",
  "services",
  "poddisruptionbudgets",
]);
/** Kinds of which even a read needs `edit`. */
const inEdit: ReadonlySet<string> = new Set(["secrets", "pods/portforward", "pods/proxy"]);

export const isMissingRight = (error: unknown): error is KubeError => error instanceof KubeError && isForbidden(error);

/** The sentence for a denied request: the permission, a role that contains it, and the command that grants it. */
export function missingRight(error: KubeError): string {
  const found = DENIED.exec(error.said)?.groups;
  if (found === undefined) return `the API server denied the request: ${error.said}`;
  const { user = "", verb = "", resource = "", group = "", namespace = "" } = found;
  return sentence({ user, verb, resource, group, namespace });
}

function sentence(right: MissingRight): string {
  const { verb, resource, group, namespace } = right;
  const kind = group === "" ? resource : `${resource}.${group}`;
  const where = namespace === "" ? "in all namespaces" : `in namespace ${namespace}`;
  const denied = `you are not allowed to ${verb} ${kind} ${where}`;
  const role = roleWith(right);
  if (role === undefined)
    return `${denied}: request this permission, which no default role contains (verb ${verb}, resource ${kind})`;
  return `${denied}: request the role ${role}, for example by ${grant(role, right)}${group === API_GROUP ? INSTALLED : ""}`;
}

/** Without `aggregatedRoles` the default roles do not contain AvatarPools. */
const INSTALLED = " (the chart adds AvatarPools to view, edit and admin, unless aggregatedRoles is false)";

function roleWith({ verb, resource }: MissingRight): "view" | "edit" | undefined {
  if (inEdit.has(resource)) return "edit";
  if (!inRoles.has(resource)) return undefined;
  return readVerbs.has(verb) ? "view" : "edit";
}

function grant(role: string, { user, namespace }: MissingRight): string {
  const subject = `avatarpool-${role} --clusterrole ${role} --user ${user}`;
  return namespace === ""
    ? `kubectl create clusterrolebinding ${subject}`
    : `kubectl create rolebinding ${subject} -n ${namespace}`;
}
