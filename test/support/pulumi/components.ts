import { createRequire } from "node:module";
import path from "node:path";
import { AvatarPool, AvatarPoolOperator } from "../../../pulumi/index.ts";

/** The package as Pulumi's plugin host sees it. The host takes both names from the name of the npm package. */
const plugin = {
  name: "avatarpool",
  namespace: "avatarpool",
  dirname: path.join(import.meta.dirname, "..", "..", "..", "pulumi"),
  components: [AvatarPool, AvatarPoolOperator],
};

/** The schema that the plugin host makes of the components, as JSON. */
export function componentSchema(): Promise<string> {
  const { ComponentProvider } = createRequire(import.meta.url)("@pulumi/pulumi/provider/experimental");
  return new ComponentProvider(plugin).getSchema();
}
