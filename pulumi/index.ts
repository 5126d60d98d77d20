/** Pulumi components for AvatarPool: the operator and its pools. */
export { AvatarPool, type AvatarPoolArgs } from "./avatar-pool.ts";
export { AvatarPoolOperator, type AvatarPoolOperatorArgs } from "./operator.ts";
export * from "./pool-spec.ts";
