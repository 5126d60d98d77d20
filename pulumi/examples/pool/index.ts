import { AvatarPool, AvatarPoolOperator } from "@avatarpool/avatarpool";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config("avatars");

const operator = new AvatarPoolOperator("operator", { values: { image: { registry: config.require("imageRegistry") } } });

const namespace = new kubernetes.core.v1.Namespace("avatars", { metadata: { name: "avatars" } });
const secret = new kubernetes.core.v1.Secret("bithuman", {
  metadata: { name: "bithuman", namespace: namespace.metadata.name },
  stringData: { "api-secret": config.requireSecret("apiSecret") },
});

const support = new AvatarPool(
  "support",
  {
    namespace: namespace.metadata.name,
    gatewayUrl: operator.gatewayUrl,
    spec: {
      apiSecretRef: { name: secret.metadata.name },
      presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
      workers: [{ name: "gpu", engine: "expression", max: 4 }],
    },
  },
  { dependsOn: operator },
);

/** The `api_url` of agents. */
export const launchUrl = support.launchUrl;
