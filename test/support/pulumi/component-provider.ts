/**
 * The package's components as the plugin `pulumi-resource-avatarpool`, for programs in other languages. In production, Pulumi's
 * language host for Node starts the package itself. That host cannot be built from source here.
 */
import { componentProviderHost } from "@pulumi/pulumi/provider/experimental/index.js";
import { plugin } from "./components.ts";

await componentProviderHost(plugin);
