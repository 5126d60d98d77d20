import { expect, it } from "vitest";
import { KubeError } from "../kube/errors.ts";
import { missingRight } from "./rights.ts";

const denied = (said: string) => new KubeError(`GET /x: ${said}`, { status: 403, reason: "Forbidden", said });
const rbac = (verb: string, resource: string, group: string, where: string) =>
  denied(`x is forbidden: User "jane" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`);

it.each([
  [
    rbac("list", "avatarpools", "avatarpool.dev", "at the cluster scope"),
    "you are not allowed to list avatarpools.avatarpool.dev in all namespaces: request the role view, for example by " +
      "kubectl create clusterrolebinding avatarpool-view --clusterrole view --user jane " +
      "(the chart adds AvatarPools to view, edit and admin, unless aggregatedRoles is false)",
  ],
  [
    rbac("patch", "pods", "", 'in the namespace "a"'),
    "you are not allowed to patch pods in namespace a: request the role edit, for example by " +
      "kubectl create rolebinding avatarpool-edit --clusterrole edit --user jane -n a",
  ],
  [
    rbac("get", "pods/proxy", "", 'in the namespace "a"'),
    "you are not allowed to get pods/proxy in namespace a: request the role edit, for example by " +
      "kubectl create rolebinding avatarpool-edit --clusterrole edit --user jane -n a",
  ],
  [
    rbac("get", "leases", "coordination.k8s.io", 'in the namespace "a"'),
    "you are not allowed to get leases.coordination.k8s.io in namespace a: request this permission, which no default role " +
      "contains (verb get, resource leases.coordination.k8s.io)",
  ],
  [
    denied('admission webhook "w" denied the request'),
    'the API server denied the request: admission webhook "w" denied the request',
  ],
])("names the permission, a role that contains it, and the command that grants it: %s", (error, sentence) => {
  expect(missingRight(error)).toBe(sentence);
});
