package main

import (
	_ "embed"
	"errors"
	"os"
	"path/filepath"

	codegen "github.com/pulumi/pulumi/pkg/v3/codegen/python"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// python runs programs in the virtual environment that Pulumi.yaml names, with pip as the toolchain.
type python struct{}

//go:embed run.py
var runScript string

func (python) program(req *pulumirpc.RunRequest, engine string) (command, error) {
	env, err := configuration(req)
	if err != nil {
		return command{}, err
	}
	args := append([]string{interpreter(req.Info), "-u", "-c", runScript}, flags(req, engine)...)
	args = append(append(args, req.Info.EntryPoint), req.Args...)
	return command{folder: req.Pwd, args: args, env: env}, nil
}

func (python) plugin(*pulumirpc.RunPluginRequest) (command, error) {
	return command{}, errors.New("no plugin in Python is supported")
}

func (python) install(info *pulumirpc.ProgramInfo) ([]command, error) {
	var steps []command
	folder := info.ProgramDirectory
	if _, err := os.Stat(interpreter(info)); err != nil {
		steps = append(steps, command{folder: folder, args: []string{"python3", "-m", "venv", environment(info)}})
	}
	pip := []string{interpreter(info), "-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"}
	return append(steps, command{folder: folder, args: pip}), nil
}

func (python) generate(req *pulumirpc.GeneratePackageRequest) (map[string][]byte, error) {
	bound, loader, err := bind(req)
	if err != nil {
		return nil, err
	}
	return codegen.GeneratePackage("pulumi-language-python", bound, req.ExtraFiles, loader)
}

func (python) link(info *pulumirpc.ProgramInfo, folder string) error {
	return appendLine(filepath.Join(info.ProgramDirectory, "requirements.txt"), folder)
}

func environment(info *pulumirpc.ProgramInfo) string {
	name := info.Options.GetFields()["virtualenv"].GetStringValue()
	if name == "" {
		name = "venv"
	}
	return filepath.Join(info.RootDirectory, name)
}

func interpreter(info *pulumirpc.ProgramInfo) string {
	return filepath.Join(environment(info), "bin", "python")
}

func appendLine(file, line string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, []byte(line+"\n")...), 0o644)
}
