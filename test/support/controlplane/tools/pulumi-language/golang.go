package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	codegen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// golang compiles programs with the go command.
type golang struct{}

func (golang) program(req *pulumirpc.RunRequest, engine string) (command, error) {
	env, err := configuration(req)
	if err != nil {
		return command{}, err
	}
	env = append(env,
		"PULUMI_MONITOR="+req.MonitorAddress,
		"PULUMI_ENGINE="+engine,
		"PULUMI_ORGANIZATION="+req.Organization,
		"PULUMI_PROJECT="+req.Project,
		"PULUMI_ROOT_DIRECTORY="+req.Info.RootDirectory,
		"PULUMI_STACK="+req.Stack,
		"PULUMI_PARALLEL="+strconv.Itoa(int(req.Parallel)),
		"PULUMI_DRY_RUN="+strconv.FormatBool(req.DryRun),
	)
	args := append([]string{"go", "run", filepath.Join(req.Info.ProgramDirectory, req.Info.EntryPoint)}, req.Args...)
	return command{folder: req.Pwd, args: args, env: env}, nil
}

func (golang) plugin(*pulumirpc.RunPluginRequest) (command, error) {
	return command{}, errors.New("no plugin in Go is supported")
}

func (golang) install(info *pulumirpc.ProgramInfo) ([]command, error) {
	return []command{{folder: info.ProgramDirectory, args: []string{"go", "mod", "tidy"}}}, nil
}

func (golang) generate(req *pulumirpc.GeneratePackageRequest) (map[string][]byte, error) {
	bound, _, err := bind(req)
	if err != nil {
		return nil, err
	}
	return codegen.GeneratePackage("pulumi-language-go", bound, req.LocalDependencies)
}

// link replaces the module of the SDK by its folder.
func (golang) link(info *pulumirpc.ProgramInfo, folder string) error {
	sdk := filepath.Join(info.RootDirectory, folder)
	module, err := goCommand(sdk, "list", "-m")
	if err != nil {
		return err
	}
	_, err = goCommand(info.ProgramDirectory, "mod", "edit", "-replace="+module+"="+sdk)
	return err
}

func goCommand(folder string, args ...string) (string, error) {
	run := exec.Command("go", args...)
	run.Dir, run.Stderr = folder, os.Stderr
	output, err := run.Output()
	return strings.TrimSpace(string(output)), err
}
