import { readFile, writeFile } from "node:fs/promises";

interface KubeconfigContent {
  readonly url: string;
  readonly authorityFile: string;
  readonly user: string;
  readonly token: string;
  readonly namespace: string;
}

/** Writes a self-contained kubeconfig (no reference to other files), readable by its owner only. */
export async function writeKubeconfig(file: string, content: KubeconfigContent): Promise<string> {
  const authority = await readFile(content.authorityFile);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "avatarpool", cluster: { server: content.url, "certificate-authority-data": authority.toString("base64") } },
    ],
    users: [{ name: content.user, user: { token: content.token } }],
    contexts: [{ name: "avatarpool", context: { cluster: "avatarpool", user: content.user, namespace: content.namespace } }],
    "current-context": "avatarpool",
  };
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return file;
}
