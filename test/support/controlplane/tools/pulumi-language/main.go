// Stands in for Pulumi's language hosts, which are no modules of the public proxy: the engine starts this program as
// pulumi-language-nodejs, -python or -go, and the name decides on the language. Programs, SDKs and generators are Pulumi's own.
//
// Left out: npm install where the SDK is found, plugins that a program requires (the engine finds them on PATH), toolchains other than npm, pip and the go command,
// TypeScript settings, synchronous invokes of old SDKs, debuggers, tracing, templates, conversion of programs, and packing.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A language is what differs between the hosts.
type language interface {
	// program returns the command that runs a program once.
	program(req *pulumirpc.RunRequest, engine string) (command, error)
	// plugin returns the command that serves a package's components.
	plugin(req *pulumirpc.RunPluginRequest) (command, error)
	// install returns the commands that install the dependencies of a folder, in order.
	install(info *pulumirpc.ProgramInfo) ([]command, error)
	// generate writes the SDK of a package.
	generate(req *pulumirpc.GeneratePackageRequest) (map[string][]byte, error)
	// link adds a generated SDK in a folder of the program to the program's dependencies.
	link(info *pulumirpc.ProgramInfo, folder string) error
}

var languages = map[string]language{"nodejs": nodejs{}, "python": python{}, "go": golang{}}

func main() {
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "pulumi-language-")
	chosen, known := languages[name]
	if !known || len(os.Args) < 2 {
		fail(fmt.Errorf("usage: pulumi-language-{nodejs,python,go} [flags] ENGINE_ADDRESS"))
	}
	server := &host{language: chosen, engine: os.Args[len(os.Args)-1]}
	// The host ends when the engine does.
	stop := make(chan bool)
	fail(rpcutil.Healthcheck(context.Background(), server.engine, healthPeriod, func() { close(stop) }))
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(srv *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(srv, server)
			return nil
		},
	})
	fail(err)
	// The engine reads the port from the first line.
	fmt.Println(handle.Port)
	fail(<-handle.Done)
}

const healthPeriod = 10 * time.Second

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	language
	engine string
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "0.0.0"}, nil
}

func (h *host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	run, err := h.program(req, h.engine)
	if err != nil {
		return nil, err
	}
	// The engine shows what a program writes.
	code, err := run.run(ctx, os.Stdout, os.Stderr)
	switch {
	case err != nil:
		return nil, err
	case code == 0:
		return &pulumirpc.RunResponse{}, nil
	case code == bailCode:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program exited with status %d", code)}, nil
	}
}

func (h *host) RunPlugin(
	req *pulumirpc.RunPluginRequest, stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse],
) error {
	run, err := h.plugin(req)
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(stream, false)
	if err != nil {
		return err
	}
	defer closer.Close()
	code, err := run.run(stream.Context(), stdout, stderr)
	if err != nil {
		return err
	}
	output := &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)}
	return stream.Send(&pulumirpc.RunPluginResponse{Output: output})
}

func (h *host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest, stream grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, false)
	if err != nil {
		return err
	}
	defer closer.Close()
	steps, err := h.install(req.Info)
	if err != nil {
		return err
	}
	for _, step := range steps {
		code, err := step.run(stream.Context(), stdout, stderr)
		if err != nil {
			return err
		}
		if code != 0 {
			return fmt.Errorf("%s exited with status %d", strings.Join(step.args, " "), code)
		}
	}
	return nil
}

func (h *host) GeneratePackage(
	_ context.Context, req *pulumirpc.GeneratePackageRequest,
) (*pulumirpc.GeneratePackageResponse, error) {
	files, err := h.generate(req)
	if err != nil {
		return nil, err
	}
	for name, content := range files {
		target := filepath.Join(req.Directory, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return nil, err
		}
	}
	return &pulumirpc.GeneratePackageResponse{}, nil
}

func (h *host) Link(_ context.Context, req *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	for _, dependency := range req.Packages {
		if err := h.link(req.Info, dependency.Path); err != nil {
			return nil, err
		}
	}
	return &pulumirpc.LinkResponse{ImportInstructions: "The SDK is a dependency of the program now."}, nil
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language:", err)
		os.Exit(1)
	}
}
