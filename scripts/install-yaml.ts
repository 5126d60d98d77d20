import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { toolPath } from "../test/support/controlplane/tools.ts";

const CHART = path.join(import.meta.dirname, "..", "charts", "avatarpool");
const NAMESPACE = "avatarpool";

const HEADER = `# AvatarPool for \`kubectl apply -f\`: the chart with its default values. Made by \`npm run generate\`; do not edit.
# Give the image its registry on the way:
#   sed 's#"avatarpool:#"YOUR_REGISTRY/avatarpool:#' dist/install.yaml | kubectl apply -f -
# Before you delete it, delete the pools while the operator runs, since it holds them until their sessions have ended:
#   kubectl delete avatarpools --all --all-namespaces
---
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAMESPACE}
`;

/**
 * The content of `dist/install.yaml`: everything that the chart installs by default, and its namespace.
 * @throws when Helm cannot be built or refuses the chart.
 */
export async function renderInstallYaml(): Promise<string> {
  const helm = await toolPath("helm");
  // `kubectl delete -f` asks for everything to go: Helm's reason for keeping the CRD does not apply.
  // Hooks are Helm's: kubectl would run them at once.
  const values = ["--set", "crds.keep=false", "--no-hooks"];
  const { stdout } = await promisify(execFile)(helm, ["template", NAMESPACE, CHART, "--namespace", NAMESPACE, ...values], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return HEADER + stdout.replaceAll(/\n{2,}---/g, "\n---");
}
