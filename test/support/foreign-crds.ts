import path from "node:path";
import { run } from "./controlplane/run.ts";

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
  const { code, stdout, stderr } = await run("go", ["mod", "download", "-json", module], {
    env: { ...process.env, GOFLAGS: "", GOWORK: "off" },
  });
  if (code !== 0) throw new Error(`go mod download ${module} failed: check that Go can reach its module proxy\n${stdout}${stderr}`);
  const { Dir } = JSON.parse(stdout) as { readonly Dir: string };
  return path.join(Dir, file);
}
