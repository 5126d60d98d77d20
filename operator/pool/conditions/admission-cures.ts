/**
 * What to do about a request that the API server refuses, found from its own sentence. The sentences come from admission plugins
 * of Kubernetes, which keep their form from version to version; `admission-cures.test.ts` holds them as API servers gave them.
 */

interface Known {
  readonly pattern: RegExp;
  readonly cure: (...matched: string[]) => string;
}

const known: readonly Known[] = [
  {
    pattern: /exceeded quota: ([^\s,]+)/,
    cure: (quota) => `raise the quota named ${quota}, or lower max`,
  },
  {
    // One clause for each resource, as in `limits.cpu for: fetch-assets,worker; limits.memory for: worker`.
    pattern: /failed quota: ([^\s:]+): must specify (.+)/,
    cure: (quota, fields = "") =>
      `the quota named ${quota} demands ${resourcesIn(fields)} of every container: set workers[].resources and workers[].helpers.resources, or give the namespace a LimitRange with defaults`,
  },
  {
    pattern: /(maximum|minimum) (\S+) usage per (\w+) is ([^\s,]+?)[.,]\s/,
    cure: (bound, resource, scope, amount) =>
      bound === "maximum"
        ? `a LimitRange of the namespace allows at most ${amount} ${resource} for each ${scope}: lower limits.${resource} of workers[].resources or workers[].helpers.resources, or change the LimitRange`
        : `a LimitRange of the namespace demands at least ${amount} ${resource} for each ${scope}: raise requests.${resource} of workers[].resources or workers[].helpers.resources, or change the LimitRange`,
  },
  {
    pattern: /(\S+) max limit to request ratio per (\w+) is ([^\s,]+),/,
    cure: (resource, scope, ratio) =>
      `a LimitRange of the namespace allows a limit of at most ${ratio} times the request for each ${scope}: raise requests.${resource} of workers[].resources or workers[].helpers.resources, or change the LimitRange`,
  },
  {
    pattern: /violates PodSecurity "([^"]+)"/,
    cure: (level) =>
      `the namespace enforces the Pod Security Standard ${level}: set the securityContext that its rules name in workers[].podTemplate, or use a namespace with a weaker level`,
  },
  {
    pattern: /ValidatingAdmissionPolicy '([^']+)'/,
    cure: (policy) => `change the pool so that ValidatingAdmissionPolicy ${policy} admits it, or change the policy`,
  },
  {
    pattern: /admission webhook "([^"]+)" denied the request/,
    cure: (webhook) => `change the pool so that the admission webhook ${webhook} admits it, or change the webhook`,
  },
  {
    pattern: /failed calling webhook "([^"]+)"/,
    cure: (webhook) => `repair the admission webhook ${webhook}, or delete its configuration`,
  },
  {
    pattern: /User "([^"]+)" cannot (\w+) resource "([^"]+)"/,
    cure: (user, verb, resource) =>
      `grant ${user?.split(":").slice(-2).join("/")} the verb ${verb} on ${resource}, as the chart's role does`,
  },
  {
    pattern: /unable to create new content in namespace (\S+) because it is being terminated/,
    cure: (namespace) => `namespace ${namespace} is being deleted: create the pool in another one`,
  },
  {
    pattern: /no PriorityClass with name (\S+) was found/,
    cure: (name) => `create PriorityClass ${name}, or correct the group's priorityClassName`,
  },
  {
    pattern: /RuntimeClass "([^"]+)" not found/,
    cure: (name) => `create RuntimeClass ${name}, or correct the group's runtimeClassName`,
  },
  {
    pattern: /serviceaccount "([^"]+)" not found/,
    cure: (name) => `create ServiceAccount ${name}`,
  },
];

/** What to do, as an imperative clause; undefined for a sentence that is not known. */
export function admissionCure(said: string): string | undefined {
  for (const { pattern, cure } of known) {
    const [found, ...matched] = pattern.exec(said) ?? [];
    if (found !== undefined) return cure(...matched);
  }
  return undefined;
}

/** `limits.cpu for: a,b; limits.memory for: a`, or `limits.cpu,limits.memory` before Kubernetes 1.27: the resources. */
function resourcesIn(fields: string): string {
  const names = fields.split(/[;,]/).map((clause) => clause.replace(/ for:.*/, "").trim());
  return names.filter((name) => /^(limits|requests)[.]/.test(name)).join(" and ");
}
