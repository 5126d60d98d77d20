import path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartValues } from "./chart-values.ts";
import { DEFAULT_NAME, gatewayUrl } from "./gateway-url.ts";
import { keepSecrets } from "./keep-secrets.ts";
import { childTimeouts } from "./timeouts.ts";

const CHART = path.join(import.meta.dirname, "..", "charts", "avatarpool");

/** The resource that installs the chart. */
export const ReleaseKind = {
  /** helm.v4.Chart: every object is a resource of the stack. The chart's hooks do not run. */
  Chart: "chart",
  /** helm.v3.Release: one resource, a Helm release, with the chart's hooks. */
  Release: "release",
} as const;
export type ReleaseKind = (typeof ReleaseKind)[keyof typeof ReleaseKind];

export interface AvatarPoolOperatorArgs {
  /** An existing namespace. Default: a new one, `avatarpool`. */
  namespace?: pulumi.Input<string>;
  /** Name of the Helm release, which is the prefix of all object names. Default: `avatarpool`. */
  releaseName?: pulumi.Input<string>;
  /** The resource that installs the chart: `chart` (helm.v4.Chart) or `release` (helm.v3.Release). Default: `chart`. */
  release?: ReleaseKind;
  /** Path or reference of the chart. Default: the chart in this package. */
  chart?: pulumi.Input<string>;
  /** Version of the chart that `chart` refers to. The chart in this package has the package's version. */
  version?: pulumi.Input<string>;
  /** Values of the chart. The package of a release names the registry of its images; otherwise `image.registry` is required. */
  values?: pulumi.Input<ChartValues>;
}

/** The operator and the gateway, installed from their chart. */
export class AvatarPoolOperator extends pulumi.ComponentResource {
  /** URL of the gateway within the cluster. */
  readonly gatewayUrl: pulumi.Output<string>;

  constructor(name: string, args: AvatarPoolOperatorArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super("avatarpool:index:AvatarPoolOperator", name, args, opts);
    const namespace =
      args.namespace ??
      new kubernetes.core.v1.Namespace(name, { metadata: { name: DEFAULT_NAME } }, { parent: this }).metadata.name;
    const release = args.releaseName ?? DEFAULT_NAME;
    const values = args.values ?? {};
    const { version, chart = CHART } = args;
    const chartArgs = { name: release, namespace, chart, values, ...(version === undefined ? {} : { version }) };
    const options = { parent: this, ...childTimeouts(opts) };
    if (args.release === ReleaseKind.Release) new kubernetes.helm.v3.Release(name, chartArgs, options);
    else new kubernetes.helm.v4.Chart(name, chartArgs, { ...options, transforms: [keepSecrets(values)] });
    // A secret among the values does not make the URL one.
    this.gatewayUrl = pulumi.unsecret(
      pulumi.all([release, namespace, values]).apply(([release, namespace, values]) => gatewayUrl({ release, namespace, values })),
    );
    this.registerOutputs({ gatewayUrl: this.gatewayUrl });
  }
}
