/** The manifests that the demo applies with kubectl. */

export const NAMESPACE = "avatars";
export const POOL = "support";

/** Not a real secret: the demo uses no service outside this machine. */
const secret = `
apiVersion: v1
kind: Secret
metadata: { name: bithuman, namespace: ${NAMESPACE} }
stringData:
  api-secret: stand-in
---
apiVersion: v1
kind: Secret
metadata: { name: livekit, namespace: ${NAMESPACE} }
stringData:
  api-key: devkey
  api-secret: ${"stand-in".repeat(4)}
`;

/** @param filesUrl base URL of the server of the preset files. */
export function samplePool(filesUrl: string): string {
  return `
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---${secret}---
apiVersion: avatarpool.dev/v1alpha1
kind: AvatarPool
metadata: { name: ${POOL}, namespace: ${NAMESPACE} }
spec:
  apiSecretRef: { name: bithuman }
  presets:
    - { name: maya, image: { url: "${filesUrl}/maya.jpg" } }
    - { name: leo, model: { url: "${filesUrl}/leo.imx" } }
  workers:
    - { name: gpu, engine: expression, sessionsPerWorker: 4, max: 8 }
    - { name: cpu, engine: essence, image: "registry.example.com/essence-worker:1.4", sessionsPerWorker: 2, max: 12 }
  warm:
    slots: 6
    warmup: { mode: session }
  livekit:
    url: ws://127.0.0.1:7880
    apiKeyRef: { name: livekit }
  # Minutes in production; short here so that the demo shows the scale-down.
  scaling: { scaleDownAfter: 5s }
`;
}
