// Command validate-crd checks CustomResourceDefinitions, given as YAML files, with the API server's own code of the oldest
// supported Kubernetes version. It prints every error, and what the rules cost.
package main

import (
	"context"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

func main() {
	ok := len(os.Args) > 1
	for _, path := range os.Args[1:] {
		errs, err := validate(path)
		if err != nil {
			errs = append(errs, err)
		}
		for _, err := range errs {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			ok = false
		}
	}
	if !ok {
		os.Exit(1)
	}
}

// validate returns what the API server would answer, and an error if the file is no CustomResourceDefinition.
func validate(path string) ([]error, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	written := &v1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(text, written); err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	scheme.Default(written)
	crd := &apiextensions.CustomResourceDefinition{}
	if err := scheme.Convert(written, crd, nil); err != nil {
		return nil, err
	}
	var errs []error
	for _, err := range validation.ValidateCustomResourceDefinition(context.Background(), crd) {
		errs = append(errs, err)
	}
	over, err := overspent(crd)
	return append(errs, over...), err
}
