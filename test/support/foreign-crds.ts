import path from "node:path";
import { runChecked } from "./controlplane/run.ts";

/** CustomResourceDefinitions of other projects that the examples and the chart use. Each is part of a Go module. */
const sources = {
  httproutes: {
    module: "sigs.k8s.io/gateway-api@v1.4.1",
    file: "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
  },
  certificates: {
    module: "github.com/cert-manager/cert-manager@v1.19.1",
    file: "deploy/crds/cert-manager.io_certificates.yaml",
  },
  podmonitors: {
    module: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
    file: "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
  },
  prometheusrules: {
    module: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
    file: "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
  },
} as const;

type ForeignCrd = keyof typeof sources;

export const foreignCrds = Object.keys(sources) as readonly ForeignCrd[];

/**
 * Path of the definition, as YAML.
 * @throws Error if Go is missing or the module cannot be downloaded.
 */
export async function foreignCrd(name: ForeignCrd): Promise<string> {
  const { module, file } = sources[name];
  const env = { ...process.env, GOFLAGS: "", GOWORK: "off" };
  const stdout = await runChecked("go", ["mod", "download", "-json", module], "check that Go can reach its module proxy", env);
  const { Dir } = JSON.parse(stdout) as { readonly Dir: string };
  return path.join(Dir, file);
}
