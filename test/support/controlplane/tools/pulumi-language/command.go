package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// bailCode is the status of a program of Pulumi's SDKs that has reported its error itself.
const bailCode = 32

// A command is a process that a host starts.
type command struct {
	folder string
	args   []string
	// env is added to the host's own variables.
	env []string
}

// run returns the exit status. The end of the context ends the process.
func (c command) run(ctx context.Context, stdout, stderr io.Writer) (int, error) {
	process := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	process.Dir, process.Stdout, process.Stderr = c.folder, stdout, stderr
	process.Env = append(os.Environ(), c.env...)
	err := process.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// configuration returns the variables in which every SDK finds the stack's configuration.
func configuration(req *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(req.Config)
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(req.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	return []string{"PULUMI_CONFIG=" + string(config), "PULUMI_CONFIG_SECRET_KEYS=" + string(secretKeys)}, nil
}

// flags returns the arguments by which the programs of the SDKs for Node and Python find their engine.
func flags(req *pulumirpc.RunRequest, engine string) []string {
	args := []string{
		"--monitor", req.MonitorAddress,
		"--engine", engine,
		"--organization", req.Organization,
		"--project", req.Project,
		"--root-directory", req.Info.RootDirectory,
		"--stack", req.Stack,
		"--pwd", req.Pwd,
		"--parallel", strconv.Itoa(int(req.Parallel)),
	}
	if req.DryRun {
		args = append(args, "--dry-run")
	}
	return args
}
