import { parseDocument } from "yaml";

/** The value of the chart that names where its images are. */
const PATH = ["image", "registry"] as const;

/**
 * The content of the chart's `values.yaml` with this registry as the default of the images. Comments stay.
 * @throws Error if the chart has no such value.
 */
export function withRegistry(valuesYaml: string, registry: string): string {
  const values = parseDocument(valuesYaml);
  if (!values.hasIn(PATH)) throw new Error(`values.yaml has no ${PATH.join(".")}: change PATH in scripts/release/registry.ts`);
  values.setIn(PATH, registry);
  return values.toString({ lineWidth: 0 });
}
