package main

import (
	"fmt"
	"sort"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// maxShare of each budget of the API server may be used: the rest is left to the next fields.
const maxShare = 0.6

type ruleCost struct {
	path string
	cost uint64
}

// overspent returns an error for each rule, and for the sum of them, that takes more than its share of the budget.
func overspent(crd *apiextensions.CustomResourceDefinition) ([]error, error) {
	var costs []ruleCost
	for _, version := range crd.Spec.Versions {
		props := crd.Spec.Validation
		if version.Schema != nil {
			props = version.Schema
		}
		if props == nil {
			continue
		}
		root, err := schema.NewStructural(props.OpenAPIV3Schema)
		if err != nil {
			return nil, err
		}
		if err := walk(root, true, "", 1, &costs); err != nil {
			return nil, err
		}
	}
	sort.Slice(costs, func(i, j int) bool { return costs[i].cost > costs[j].cost })
	var errs []error
	var total uint64
	for _, rule := range costs {
		total += rule.cost
		if share := float64(rule.cost) / validation.StaticEstimatedCostLimit; share > maxShare {
			errs = append(errs, fmt.Errorf("%s takes %.0f %% of a rule's budget, of which at most %.0f %% are to be used", rule.path, 100*share, 100*maxShare))
		}
	}
	share := float64(total) / validation.StaticEstimatedCRDCostLimit
	if share > maxShare {
		errs = append(errs, fmt.Errorf("all rules take %.0f %% of the budget, of which at most %.0f %% are to be used", 100*share, 100*maxShare))
	}
	fmt.Printf("%d rules take %.1f %% of the budget; the dearest, in %% of a rule's budget:\n", len(costs), 100*share)
	for _, rule := range costs[:min(5, len(costs))] {
		fmt.Printf("  %5.1f %s\n", 100*float64(rule.cost)/validation.StaticEstimatedCostLimit, rule.path)
	}
	return errs, nil
}

// walk adds the rules of a node and of all below it; the node exists at most `times` times in an object.
func walk(node *schema.Structural, isRoot bool, path string, times uint64, costs *[]ruleCost) error {
	if rules := node.Extensions.XValidations; len(rules) > 0 {
		env := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion(), true)
		results, err := cel.Compile(node, model.SchemaDeclType(node, isRoot), celconfig.PerCallLimit, env, cel.NewExpressionsEnvLoader())
		if err != nil {
			return err
		}
		for i, result := range results {
			if result.Error == nil {
				*costs = append(*costs, ruleCost{fmt.Sprintf("%s rule %d", path, i), result.MaxCost * times})
			}
		}
	}
	for name, child := range node.Properties {
		if err := walk(&child, false, path+"."+name, times, costs); err != nil {
			return err
		}
	}
	if node.Items != nil {
		if err := walk(node.Items, false, path+"[]", times*most(node, maxItems), costs); err != nil {
			return err
		}
	}
	if node.AdditionalProperties != nil && node.AdditionalProperties.Structural != nil {
		return walk(node.AdditionalProperties.Structural, false, path+"{}", times*most(node, maxProperties), costs)
	}
	return nil
}

func maxItems(limits *schema.ValueValidation) *int64      { return limits.MaxItems }
func maxProperties(limits *schema.ValueValidation) *int64 { return limits.MaxProperties }

// most returns a limit of a node. One without limit counts once: the validation itself refuses rules below it.
func most(node *schema.Structural, limit func(*schema.ValueValidation) *int64) uint64 {
	if node.ValueValidation == nil || limit(node.ValueValidation) == nil {
		return 1
	}
	return uint64(*limit(node.ValueValidation))
}
