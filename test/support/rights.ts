import type { ControlPlane } from "./controlplane/index.ts";

/** Verbs by `group/resource` (`/pods` in the core group). */
export type Rights = Readonly<Record<string, readonly string[]>>;

const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/** Permissions that an operator or a gateway might use, and permissions that would help an intruder. */
const RESOURCES = [
  "avatarpool.dev/avatarpools",
  "avatarpool.dev/avatarpools/status",
  "avatarpool.dev/avatarpools/finalizers",
  "apps/deployments",
  "apps/deployments/scale",
  "apps/deployments/status",
  "apps/replicasets",
  "apps/daemonsets",
  "/pods",
  "/pods/status",
  "/pods/exec",
  "/pods/log",
  "/pods/eviction",
  "/pods/ephemeralcontainers",
  "/secrets",
  "/configmaps",
  "/services",
  "/serviceaccounts",
  "/serviceaccounts/token",
  "/persistentvolumeclaims",
  "/nodes",
  "/namespaces",
  "/events",
  "events.k8s.io/events",
  "policy/poddisruptionbudgets",
  "networking.k8s.io/networkpolicies",
  "coordination.k8s.io/leases",
  "discovery.k8s.io/endpointslices",
  "authentication.k8s.io/tokenreviews",
  "authorization.k8s.io/subjectaccessreviews",
  "rbac.authorization.k8s.io/roles",
  "rbac.authorization.k8s.io/rolebindings",
  "rbac.authorization.k8s.io/clusterroles",
  "rbac.authorization.k8s.io/clusterrolebindings",
  "apiextensions.k8s.io/customresourcedefinitions",
];

/** A user's permissions in a namespace, as the API server itself evaluates them (like `kubectl auth can-i --as`). */
export async function rightsOf(
  plane: ControlPlane,
  { user, namespace }: { readonly user: string; readonly namespace: string },
): Promise<Rights> {
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${user.split(":")[2]}`, "system:authenticated"];
  const questions = RESOURCES.flatMap((name) => VERBS.map((verb) => ({ name, verb })));
  const reviews = questions.map(({ name, verb }) => {
    const [group, resource, subresource] = name.split("/");
    return {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user, groups, resourceAttributes: { namespace, verb, group, resource, subresource } },
    };
  });
  const stdin = JSON.stringify({ apiVersion: "v1", kind: "List", items: reviews });
  const { stdout, stderr } = await plane.kubectl(["create", "-f", "-", '-o=jsonpath={.status.allowed}{"\\n"}'], { stdin });
  const answers = stdout.trimEnd().split("\n");
  if (answers.length !== questions.length) throw new Error(`the API server did not evaluate every permission: ${stderr}`);

  const rights: Record<string, string[]> = {};
  for (const [index, { name, verb }] of questions.entries()) {
    if (answers[index] !== "true") continue;
    rights[name] ??= [];
    rights[name].push(verb);
  }
  return rights;
}
