import { z } from "zod";
import { API_GROUP, API_VERSION, KIND, PLURAL } from "./names.ts";
import { objectRules, poolSpecSchema, poolStatusSchema } from "./v1alpha1/index.ts";

type JsonSchema = Record<string, unknown>;

/** Columns of `kubectl get avp`. Priority 1 shows with `-o wide` only. */
const printerColumns = [
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: "Sessions", type: "integer", jsonPath: ".status.sessions" },
  { name: "Slots", type: "integer", jsonPath: ".status.slots" },
  { name: "Warm", type: "integer", jsonPath: ".status.warmSlots" },
  { name: "Startup", type: "string", jsonPath: ".status.startup.p95" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  { name: "Queued", type: "integer", jsonPath: ".status.queued", priority: 1 },
  { name: "Pressure/min", type: "integer", jsonPath: ".status.pressurePerMinute", priority: 1 },
  { name: "Credits/h", type: "number", jsonPath: ".status.credits.lastHour", priority: 1 },
  { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
] as const;

/** The CustomResourceDefinition, made from the zod schemas. */
export function customResourceDefinition() {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${PLURAL}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: "Namespaced",
      names: { kind: KIND, listKind: `${KIND}List`, plural: PLURAL, singular: KIND.toLowerCase(), shortNames: ["avp"] },
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns,
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: "A pool of avatar workers with warm presets, one launch URL and objectives.",
              required: ["spec"],
              ...objectRules,
              properties: {
                apiVersion: { type: "string", description: `Always ${API_GROUP}/${API_VERSION}.` },
                kind: { type: "string", description: `Always ${KIND}.` },
                metadata: { type: "object" },
                spec: structuralSchema(poolSpecSchema),
                status: structuralSchema(poolStatusSchema),
              },
            },
          },
        },
      ],
    },
  };
}

/** An OpenAPI v3 schema of the structural kind that the API server demands. */
export function structuralSchema(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    reused: "inline",
    override: ({ jsonSchema }) => makeStructural(jsonSchema as JsonSchema),
  }) as JsonSchema;
  delete json.$schema;
  return json;
}

/** Removes in place what zod writes and the API server refuses. */
function makeStructural(node: JsonSchema): void {
  if (node["x-kubernetes-int-or-string"] === true) {
    delete node.anyOf;
    delete node.type;
  }
  if (node["x-kubernetes-preserve-unknown-fields"] === true) {
    delete node.additionalProperties;
    delete node.anyOf;
  }
  // zod bounds every integer by what a double holds; those bounds say nothing.
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
  if (node.minimum === -2_147_483_648) delete node.minimum;
  if (node.maximum === 2_147_483_647) delete node.maximum;
}
