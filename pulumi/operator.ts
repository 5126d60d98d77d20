import path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const CHART = path.join(import.meta.dirname, "..", "charts", "avatarpool");

export interface AvatarPoolOperatorArgs {
  /** An existing namespace. Default: a new one, `avatarpool`. */
  namespace?: pulumi.Input<string>;
  /** Path or reference of the chart. Default: the chart in this package. */
  chart?: pulumi.Input<string>;
  /** Values of the chart. The package of a release names the registry of its images; otherwise image.registry is required. */
  // biome-ignore lint/suspicious/noExplicitAny: the chart's own schema checks its values.
  values?: pulumi.Input<{ [key: string]: any }>;
}

/** The operator and the gateway, installed from their chart. */
export class AvatarPoolOperator extends pulumi.ComponentResource {
  /** URL of the gateway within the cluster. */
  readonly gatewayUrl: pulumi.Output<string>;

  constructor(name: string, args: AvatarPoolOperatorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("avatarpool:index:AvatarPoolOperator", name, args, opts);
    const namespace =
      args.namespace ??
      new kubernetes.core.v1.Namespace(name, { metadata: { name: "avatarpool" } }, { parent: this }).metadata.name;
    new kubernetes.helm.v4.Chart(
      name,
      {
        name: "avatarpool",
        namespace,
        chart: args.chart ?? CHART,
        values: args.values ?? {},
      },
      { parent: this },
    );
    this.gatewayUrl = pulumi.interpolate`http://avatarpool-gateway.${namespace}`;
    this.registerOutputs({ gatewayUrl: this.gatewayUrl });
  }
}
