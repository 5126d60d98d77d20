package main

import (
	"encoding/json"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// bind reads the schema from which an SDK is generated. The loader asks the engine for other packages.
func bind(req *pulumirpc.GeneratePackageRequest) (*schema.Package, schema.ReferenceLoader, error) {
	loader, err := schema.NewLoaderClient(req.LoaderTarget)
	if err != nil {
		return nil, nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(req.Schema), &spec); err != nil {
		return nil, nil, err
	}
	bound, diagnostics, err := schema.BindSpec(spec, loader, schema.ValidationOptions{AllowDanglingReferences: true})
	if err != nil {
		return nil, nil, err
	}
	if diagnostics.HasErrors() {
		return nil, nil, diagnostics
	}
	return bound, loader, nil
}
