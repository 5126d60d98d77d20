/**
 * The package's components as the plugin `pulumi-resource-avatarpool`, for programs in other languages. In production, Pulumi's
 * language host for Node starts the package itself. That host cannot be built from source here.
 */
import path from "node:path";
import { componentProviderHost } from "@pulumi/pulumi/provider/experimental/index.js";
import { AvatarPool, AvatarPoolOperator } from "../../../pulumi/index.ts";

await componentProviderHost({
  name: "avatarpool",
  namespace: "avatarpool",
  dirname: path.join(import.meta.dirname, "..", "..", "..", "pulumi"),
  components: [AvatarPool, AvatarPoolOperator],
});
