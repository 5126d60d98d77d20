import { AvatarPool, AvatarPoolOperator } from "@avatarpool/avatarpool";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();

const operator = new AvatarPoolOperator("operator", { values: { image: { registry: config.require("imageRegistry") } } });

const namespace = new kubernetes.core.v1.Namespace("avatars", { metadata: { name: "avatars" } });
const secret = new kubernetes.core.v1.Secret("trial", {
  metadata: { name: "trial", namespace: namespace.metadata.name },
  // Test cards need no secret.
  stringData: { "api-secret": "none" },
});

const pool = new AvatarPool(
  "trial",
  {
    namespace: namespace.metadata.name,
    gatewayUrl: operator.gatewayUrl,
    waitForReady: config.requireBoolean("waitForReady"),
    spec: {
      apiSecretRef: { name: secret.metadata.name },
      // For test cards, no model is downloaded.
      presets: [{ name: "leo", model: { url: "https://example.com/leo.imx" } }],
      workers: [
        {
          name: "cpu",
          engine: "essence",
          max: config.requireNumber("maxWorkers"),
          env: [{ name: "ESSENCE_RENDERER", value: "testcard" }],
        },
      ],
    },
  },
  { dependsOn: operator },
);

/** The `api_url` of agents. */
export const launchUrl = pool.launchUrl;
export const warmSlots = pool.warmSlots;
