package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// nodejs runs TypeScript and JavaScript by the SDK's own entry points.
type nodejs struct{}

const typescript = "PULUMI_NODEJS_TYPESCRIPT=true"

func (nodejs) program(req *pulumirpc.RunRequest, engine string) (command, error) {
	env, err := configuration(req)
	if err != nil {
		return command{}, err
	}
	entry, err := resolve(req.Info.ProgramDirectory, "@pulumi/pulumi/cmd/run")
	if err != nil {
		return command{}, err
	}
	args := append([]string{"node", entry}, flags(req, engine)...)
	args = append(append(args, req.Info.EntryPoint), req.Args...)
	return command{folder: req.Pwd, args: args, env: append(env, typescript)}, nil
}

func (nodejs) plugin(req *pulumirpc.RunPluginRequest) (command, error) {
	entry, err := resolve(req.Info.ProgramDirectory, "@pulumi/pulumi/cmd/run-plugin")
	if err != nil {
		return command{}, err
	}
	args := append([]string{"node", entry, req.Info.ProgramDirectory}, req.Args...)
	return command{folder: req.Pwd, args: args, env: append(req.Env, typescript)}, nil
}

func (nodejs) install(info *pulumirpc.ProgramInfo) ([]command, error) {
	if _, err := resolve(info.ProgramDirectory, "@pulumi/pulumi"); err == nil {
		return nil, nil
	}
	return []command{{folder: info.ProgramDirectory, args: []string{"npm", "install", "--no-audit", "--no-fund"}}}, nil
}

func (nodejs) generate(*pulumirpc.GeneratePackageRequest) (map[string][]byte, error) {
	return nil, errors.New("programs for Node use the npm package, without a generated SDK")
}

func (nodejs) link(*pulumirpc.ProgramInfo, string) error {
	return errors.New("programs for Node use the npm package, without a generated SDK")
}

// resolve returns the path of a module as the program finds it.
func resolve(folder, module string) (string, error) {
	script := "console.log(require.resolve(process.argv[1]))"
	node := exec.Command("node", "-e", script, module)
	node.Dir = folder
	output, err := node.Output()
	if err != nil {
		return "", errors.New(module + " is not installed in " + folder + ": run npm install there")
	}
	return filepath.Clean(strings.TrimSpace(string(output))), nil
}
