/** Pulumi components for AvatarPool: the operator and its pools. */
export { AvatarPool, type AvatarPoolArgs } from "./avatar-pool.ts";
export * from "./chart-values.ts";
export { AvatarPoolOperator, type AvatarPoolOperatorArgs, ReleaseKind } from "./operator.ts";
export * from "./pool-spec.ts";
export * from "./pool-status.ts";
