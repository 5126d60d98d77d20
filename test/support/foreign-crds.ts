import path from "node:path";
import { runChecked } from "./controlplane/run.ts";

/** CustomResourceDefinitions of other projects that the examples and the chart use. Each is part of a Go module. */
const sources = {
  httproutes: {
    module: "sigs.k8s.io/gateway-api@v1.4.1",
    file: "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
  },
} as const;

/**
 * Path of the definition, as YAML.
 * @throws Error if Go is missing or the module cannot be downloaded.
 */
export async function foreignCrd(name: keyof typeof sources): Promise<string> {
  const { module, file } = sources[name];
  const env = { ...process.env, GOFLAGS: "", GOWORK: "off" };
  const stdout = await runChecked("go", ["mod", "download", "-json", module], "check that Go can reach its module proxy", env);
  const { Dir } = JSON.parse(stdout) as { readonly Dir: string };
  return path.join(Dir, file);
}
