/** Labels that the chart puts on its objects and on the pods of its components. */
export const PART_OF = "app.kubernetes.io/part-of=avatarpool";
export const OPERATOR_SELECTOR = `${PART_OF},app.kubernetes.io/component=operator`;
export const GATEWAY_SELECTOR = `${PART_OF},app.kubernetes.io/component=gateway`;
