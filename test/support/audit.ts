import type { ControlPlane } from "./controlplane/index.ts";

/** The rights that operator and gateway use and have. Each is a text such as `operator patch apps/deployments`. */

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  /** Undefined for a request that is not about objects, such as discovery. */
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Role {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const CREATED = 201;

/** The requests in the audit log. */
export async function usedRights(plane: ControlPlane) {
  const used = new Set<string>();
  const forbidden = new Set<string>();
  for (const line of (await plane.auditLog()).trimEnd().split("\n")) {
    const { verb, user, objectRef, responseStatus, annotations } = JSON.parse(line) as AuditEvent;
    const component = /^system:serviceaccount:[^:]+:avatarpool-(operator|gateway)$/.exec(user.username)?.[1];
    if (component === undefined || objectRef === undefined) continue;
    const { apiGroup = "", resource, subresource, namespace } = objectRef;
    const what = `${apiGroup}/${resource}${subresource === undefined ? "" : `/${subresource}`}`;
    used.add(`${component} ${verb} ${what}`);
    // A server-side apply that creates an object requires both verbs.
    if (verb === "patch" && responseStatus?.code === CREATED) used.add(`${component} create ${what}`);
    if (annotations?.["authorization.k8s.io/decision"] === "forbid")
      forbidden.add(`${component} ${verb} ${what} in ${namespace ?? "the cluster"}`);
  }
  return { used, forbidden };
}

/** The rights in the roles of a release. The uninstall hook runs as the operator. */
export async function grantedRights(plane: ControlPlane, release: string): Promise<Set<string>> {
  const { stdout, stderr } = await plane.kubectl([
    ...["get", "roles,clusterroles", "--all-namespaces", "-o=json"],
    `--selector=app.kubernetes.io/instance=${release},app.kubernetes.io/component`,
  ]);
  if (stderr !== "") throw new Error(stderr);
  const granted = new Set<string>();
  for (const { metadata, rules } of (JSON.parse(stdout) as { readonly items: readonly Role[] }).items) {
    const component = metadata.labels["app.kubernetes.io/component"] === "gateway" ? "gateway" : "operator";
    for (const { apiGroups, resources, verbs } of rules)
      for (const group of apiGroups)
        for (const resource of resources) for (const verb of verbs) granted.add(`${component} ${verb} ${group}/${resource}`);
  }
  return granted;
}
