import { describe, expect, it } from "vitest";
import { admissionCure } from "./admission-cures.ts";

/** Messages of API servers, and the remedies in the pool's conditions. */
describe("admissionCure", () => {
  it.each([
    [
      'pods "pool-gpu-7d9-x2x" is forbidden: exceeded quota: few, requested: pods=1, used: pods=0, limited: pods=0',
      "raise the quota named few, or lower max",
    ],
    [
      'pods "pool-gpu-7d9-x2x" is forbidden: failed quota: compute: must specify limits.cpu for: fetch-assets,worker; limits.memory for: worker',
      "the quota named compute requires limits.cpu and limits.memory for every container: set workers[].resources and workers[].helpers.resources, or create a LimitRange with defaults in the namespace",
    ],
    [
      'pods "pool-gpu-7d9-x2x" is forbidden: maximum memory usage per Container is 4Gi, but limit is 8Gi',
      "a LimitRange of the namespace allows at most 4Gi memory for each Container: lower limits.memory of workers[].resources or workers[].helpers.resources, or change the LimitRange",
    ],
    [
      'pods "pool-gpu-7d9-x2x" is forbidden: maximum cpu usage per Container is 2.  No limit is specified',
      "a LimitRange of the namespace allows at most 2 cpu for each Container: lower limits.cpu of workers[].resources or workers[].helpers.resources, or change the LimitRange",
    ],
    [
      'pods "pool-gpu-7d9-x2x" is forbidden: minimum cpu usage per Container is 500m, but request is 10m',
      "a LimitRange of the namespace requires at least 500m cpu for each Container: raise requests.cpu of workers[].resources or workers[].helpers.resources, or change the LimitRange",
    ],
    [
      'pods "pool-gpu-7d9-x2x" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000',
      "a LimitRange of the namespace allows a limit of at most 2 times the request for each Container: raise requests.cpu of workers[].resources or workers[].helpers.resources, or change the LimitRange",
    ],
    [
      'pods "pool-gpu-7d9-x2x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "worker" must set securityContext.allowPrivilegeEscalation=false)',
      "the namespace enforces the Pod Security Standard restricted:latest: set the securityContext that its rules require in workers[].podTemplate, or use a namespace with a weaker level",
    ],
    [
      "deployments.apps \"pool-gpu\" is forbidden: ValidatingAdmissionPolicy 'no-gpus' with binding 'all' denied request: failed expression: false",
      "change the pool so that ValidatingAdmissionPolicy no-gpus admits it, or change the policy",
    ],
    [
      'admission webhook "validate.kyverno.svc-fail" denied the request: no',
      "change the pool so that the admission webhook validate.kyverno.svc-fail admits it, or change the webhook",
    ],
    [
      'Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post "https://x": EOF',
      "repair the admission webhook validate.kyverno.svc-fail, or delete its configuration",
    ],
    [
      'User "system:serviceaccount:avatarpool:operator" cannot patch resource "poddisruptionbudgets" in API group "policy" in the namespace "a"',
      "grant avatarpool/operator the verb patch on poddisruptionbudgets, as the chart's role does",
    ],
    [
      'failed to create typed patch object (a/pool-gpu; apps/v1, Kind=Deployment): .spec.template.spec.resourceClaims[name="gpu"].resourceClaimTemplateName: field not declared in schema',
      "this version of Kubernetes does not have the field: upgrade the cluster, or remove what sets it from the pool",
    ],
    [
      'deployments.apps "pool-gpu" is forbidden: unable to create new content in namespace avatars because it is being terminated',
      "namespace avatars is being deleted: create the pool in another one",
    ],
    [
      'pods "pool-gpu-7d9-" is forbidden: no PriorityClass with name urgent was found',
      "create PriorityClass urgent, or correct the group's priorityClassName",
    ],
    [
      'pods "pool-gpu-7d9-x2x" is forbidden: pod rejected: RuntimeClass "nvidia" not found',
      "create RuntimeClass nvidia, or correct the group's runtimeClassName",
    ],
    ["an unknown message", undefined],
  ])("%s", (said, cure) => {
    expect(admissionCure(said)).toBe(cure);
  });
});
