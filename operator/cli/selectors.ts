/** Labels that the chart puts on the pods of its components. */
export const OPERATOR_SELECTOR = "app.kubernetes.io/part-of=avatarpool,app.kubernetes.io/component=operator";
export const GATEWAY_SELECTOR = "app.kubernetes.io/part-of=avatarpool,app.kubernetes.io/component=gateway";
