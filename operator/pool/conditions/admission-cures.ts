/**
 * Remedies for requests that the API server rejects, by its error message. The messages come from Kubernetes' admission plugins,
 * which keep them stable between versions; `admission-cures.test.ts` contains messages of real API servers.
 */

const known: readonly (readonly [message: RegExp, cure: (...matched: string[]) => string])[] = [
  [/exceeded quota: ([^\s,]+)/, (quota) => `raise the quota named ${quota}, or lower max`],
  [
    // One clause for each resource, as in `limits.cpu for: fetch-assets,worker; limits.memory for: worker`.
    /failed quota: ([^\s:]+): must specify (.+)/,
    (quota, fields = "") =>
      `the quota named ${quota} requires ${resourcesIn(fields)} for every container: set workers[].resources and workers[].helpers.resources, or create a LimitRange with defaults in the namespace`,
  ],
  [
    /(maximum|minimum) (\S+) usage per (\w+) is ([^\s,]+?)[.,]\s/,
    (bound, resource, scope, amount) =>
      bound === "maximum"
        ? `a LimitRange of the namespace allows at most ${amount} ${resource} for each ${scope}: lower limits.${resource} of workers[].resources or workers[].helpers.resources, or change the LimitRange`
        : `a LimitRange of the namespace requires at least ${amount} ${resource} for each ${scope}: raise requests.${resource} of workers[].resources or workers[].helpers.resources, or change the LimitRange`,
  ],
  [
    /(\S+) max limit to request ratio per (\w+) is ([^\s,]+),/,
    (resource, scope, ratio) =>
      `a LimitRange of the namespace allows a limit of at most ${ratio} times the request for each ${scope}: raise requests.${resource} of workers[].resources or workers[].helpers.resources, or change the LimitRange`,
  ],
  [
    /violates PodSecurity "([^"]+)"/,
    (level) =>
      `the namespace enforces the Pod Security Standard ${level}: set the securityContext that its rules require in workers[].podTemplate, or use a namespace with a weaker level`,
  ],
  [
    /ValidatingAdmissionPolicy '([^']+)'/,
    (policy) => `change the pool so that ValidatingAdmissionPolicy ${policy} admits it, or change the policy`,
  ],
  [
    /admission webhook "([^"]+)" denied the request/,
    (webhook) => `change the pool so that the admission webhook ${webhook} admits it, or change the webhook`,
  ],
  [/failed calling webhook "([^"]+)"/, (webhook) => `repair the admission webhook ${webhook}, or delete its configuration`],
  [
    /User "([^"]+)" cannot (\w+) resource "([^"]+)"/,
    (user, verb, resource) =>
      `grant ${user?.split(":").slice(-2).join("/")} the verb ${verb} on ${resource}, as the chart's role does`,
  ],
  [
    /unable to create new content in namespace (\S+) because it is being terminated/,
    (namespace) => `namespace ${namespace} is being deleted: create the pool in another one`,
  ],
  [
    /no PriorityClass with name (\S+) was found/,
    (name) => `create PriorityClass ${name}, or correct the group's priorityClassName`,
  ],
  [/RuntimeClass "([^"]+)" not found/, (name) => `create RuntimeClass ${name}, or correct the group's runtimeClassName`],
  [
    /field not declared in schema/,
    () => "this version of Kubernetes does not have the field: upgrade the cluster, or remove what sets it from the pool",
  ],
  [/serviceaccount "([^"]+)" not found/, (name) => `create ServiceAccount ${name}`],
];

/** What to do, as an imperative clause; undefined for an unknown message. */
export function admissionCure(said: string): string | undefined {
  for (const [message, cure] of known) {
    const [found, ...matched] = message.exec(said) ?? [];
    if (found !== undefined) return cure(...matched);
  }
  return undefined;
}

/** The resources in `limits.cpu for: a,b; limits.memory for: a`, or `limits.cpu,limits.memory` before Kubernetes 1.27. */
function resourcesIn(fields: string): string {
  const names = fields.split(/[;,]/).map((clause) => clause.replace(/ for:.*/, "").trim());
  return names.filter((name) => /^(limits|requests)[.]/.test(name)).join(" and ");
}
