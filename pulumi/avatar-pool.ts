import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AvatarPoolSpecArgs } from "./pool-spec.ts";

export interface AvatarPoolArgs {
  /** Namespace of the pool and of the Secrets that it names. */
  namespace: pulumi.Input<string>;
  /** Name of the pool. Default: the component's name, so that the launch URL is known in advance. */
  name?: pulumi.Input<string>;
  /** The pool's `spec`. */
  spec: pulumi.Input<AvatarPoolSpecArgs>;
  /** URL of the gateway, such as an operator's `gatewayUrl`. Default: the gateway of a release named `avatarpool`. */
  gatewayUrl?: pulumi.Input<string>;
}

/** A pool of avatar workers behind one launch URL. */
export class AvatarPool extends pulumi.ComponentResource {
  /** The `api_url` of agents. */
  readonly launchUrl: pulumi.Output<string>;

  constructor(name: string, args: AvatarPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("avatarpool:index:AvatarPool", name, args, opts);
    const metadata = { name: args.name ?? name, namespace: args.namespace };
    const pool = new kubernetes.apiextensions.CustomResource(
      name,
      { apiVersion: "avatarpool.dev/v1alpha1", kind: "AvatarPool", metadata, spec: args.spec },
      { parent: this },
    );
    const gatewayUrl = args.gatewayUrl ?? "http://avatarpool-gateway.avatarpool";
    this.launchUrl = pulumi.interpolate`${gatewayUrl}/${pool.metadata.namespace}/${pool.metadata.name}/launch`;
    this.registerOutputs({ launchUrl: this.launchUrl });
  }
}
