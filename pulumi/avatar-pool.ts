import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DEFAULT_NAME, gatewayUrl } from "./gateway-url.ts";
import type { AvatarPoolSpec } from "./pool-spec.ts";
import type { PoolCondition } from "./pool-status.ts";
import { childTimeouts } from "./timeouts.ts";

const WAIT_FOR_READY = { "pulumi.com/waitFor": "condition=Ready" };

export interface AvatarPoolArgs {
  /** Namespace of the pool and of the Secrets that it names. */
  namespace: pulumi.Input<string>;
  /** Name of the pool. Default: the component's name, so that the launch URL is known in advance. */
  name?: pulumi.Input<string>;
  /** Labels of the pool. */
  labels?: pulumi.Input<{ [key: string]: pulumi.Input<string> }>;
  /** Annotations of the pool. */
  annotations?: pulumi.Input<{ [key: string]: pulumi.Input<string> }>;
  /** The pool's `spec`. */
  spec: pulumi.Input<AvatarPoolSpec>;
  /** URL of the gateway, such as an operator's `gatewayUrl`. Default: the gateway of a release named `avatarpool`. */
  gatewayUrl?: pulumi.Input<string>;
  /** Wait until every preset can be launched (condition `Ready`). Default: false. */
  waitForReady?: pulumi.Input<boolean>;
}

/** A pool of avatar workers behind one launch URL. Its deletion waits until its sessions have ended: see `customTimeouts`. */
export class AvatarPool extends pulumi.ComponentResource {
  /** The `api_url` of agents. */
  readonly launchUrl: pulumi.Output<string>;
  /** Conditions of the pool at the end of the last update or refresh. */
  readonly conditions: pulumi.Output<PoolCondition[]>;
  /** Free slots on warm workers at the end of the last update or refresh. */
  readonly warmSlots: pulumi.Output<number>;

  constructor(name: string, args: AvatarPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("avatarpool:index:AvatarPool", name, args, opts);
    const pool = new PoolResource(
      name,
      {
        apiVersion: "avatarpool.dev/v1alpha1",
        kind: "AvatarPool",
        metadata: {
          name: args.name ?? name,
          namespace: args.namespace,
          ...(args.labels === undefined ? {} : { labels: args.labels }),
          ...annotations(args),
        },
        spec: args.spec,
        status: undefined,
      },
      { parent: this, ...childTimeouts(opts) },
    );
    const url = args.gatewayUrl ?? gatewayUrl({ release: DEFAULT_NAME, namespace: DEFAULT_NAME, values: {} });
    this.launchUrl = pulumi.interpolate`${url}/${pool.metadata.namespace}/${pool.metadata.name}/launch`;
    this.conditions = pool.status.apply((status) => status?.conditions ?? []);
    this.warmSlots = pool.status.apply((status) => status?.warmSlots ?? 0);
    this.registerOutputs({ launchUrl: this.launchUrl, conditions: this.conditions, warmSlots: this.warmSlots });
  }
}

/** A custom resource outputs only the fields that its arguments name, so these name `status` without a value. */
class PoolResource extends kubernetes.apiextensions.CustomResource {
  declare readonly status: pulumi.Output<{ conditions?: PoolCondition[]; warmSlots?: number } | undefined>;
}

function annotations({ annotations: own, waitForReady }: AvatarPoolArgs): Pick<AvatarPoolArgs, "annotations"> {
  if (!waitForReady) return own === undefined ? {} : { annotations: own };
  const merged = pulumi.all([own ?? {}, waitForReady]).apply(([mine, wait]) => (wait ? { ...mine, ...WAIT_FOR_READY } : mine));
  return { annotations: merged };
}
