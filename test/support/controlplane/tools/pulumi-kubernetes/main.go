// Pulumi's Kubernetes provider, as the plugin that the engine finds on PATH. The module has no schema file that can be
// embedded, so this program lacks the schema. Only code generators request it.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

func main() {
	provider.Serve("kubernetes", "4.25.0", []byte("{}"), []byte("{}"))
}
