import type * as pulumi from "@pulumi/pulumi";

/** The timeouts of a component's children. A component's own `customTimeouts` have no effect on them. */
export function childTimeouts(opts: pulumi.ComponentResourceOptions | undefined): Pick<pulumi.ResourceOptions, "customTimeouts"> {
  return opts?.customTimeouts === undefined ? {} : { customTimeouts: opts.customTimeouts };
}
