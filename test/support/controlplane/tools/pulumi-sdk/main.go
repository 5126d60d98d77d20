// Generates the SDKs of a Pulumi package for Go and Python from its schema, with Pulumi's own generators: pulumi-sdk SCHEMA FOLDER.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const name = "pulumi-sdk"

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: %s SCHEMA FOLDER", name))
	}
	text, err := os.ReadFile(os.Args[1])
	fail(err)
	var spec schema.PackageSpec
	fail(json.Unmarshal(text, &spec))
	// Each generator imports the options of its language into the package, so each has its own.
	files, err := golang.GeneratePackage(name, bind(spec), nil)
	fail(err)
	write("go", files)
	files, err = python.GeneratePackage(name, bind(spec), nil, nil)
	fail(err)
	write("python", files)
}

func bind(spec schema.PackageSpec) *schema.Package {
	bound, err := schema.ImportSpec(spec, nil, schema.ValidationOptions{})
	fail(err)
	return bound
}

func write(language string, files map[string][]byte) {
	for file, content := range files {
		target := filepath.Join(os.Args[2], language, file)
		fail(os.MkdirAll(filepath.Dir(target), 0o755))
		fail(os.WriteFile(target, content, 0o644))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}
