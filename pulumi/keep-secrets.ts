import * as pulumi from "@pulumi/pulumi";

/** The fields of the chart's objects that values fill. */
const FIELDS: ReadonlySet<string> = new Set(["spec", "data", "stringData"]);

/** Contains no values. The provider would update an encrypted one each time. */
const CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";

/**
 * A chart is rendered as text, so its objects no longer show which of their fields hold a secret value. If a value is secret, the
 * state therefore encrypts the spec and the data of every object of the chart.
 */
export function keepSecrets(values: pulumi.Input<unknown>): pulumi.ResourceTransform {
  const secret = pulumi.isSecret(pulumi.output(values));
  return async ({ custom, type, props, opts }) => {
    if (!custom || type === CRD || !(await secret)) return undefined;
    const fields = Object.entries(props as Readonly<Record<string, unknown>>);
    return { props: Object.fromEntries(fields.map(([key, value]) => [key, FIELDS.has(key) ? asSecret(value) : value])), opts };
  };
}

/** A secret in the engine's own form: the result of a transform loses the secrecy of outputs in an inline program. */
function asSecret(value: unknown): object {
  return { [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig, value };
}
