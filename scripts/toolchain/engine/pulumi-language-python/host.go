package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	// The executor's way to say: the user has been told what is wrong, add nothing.
	exitBail = 32
	// The engine waits 5 s for its plug-ins before it kills them; the program gets less, so that we end before that.
	grace = 3 * time.Second
)

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	alive  context.Context // ends with the host: every running program ends with it
	cancel context.CancelFunc
	script string
	engine string
}

func newHost(ctx context.Context, script, engine string) *host {
	alive, cancel := context.WithCancel(ctx)
	return &host{alive: alive, cancel: cancel, script: script, engine: engine}
}

// Handshake is the engine's first call. An engine that attached to a running host says only here where it is.
func (h *host) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	if h.engine == "" {
		h.engine = req.GetEngineAddress()
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// GetRequiredPackages names no plug-ins: the engine learns them from the resources that the program registers.
func (h *host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// Cancel ends the running program, as Ctrl-C does.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.cancel()
	return &emptypb.Empty{}, nil
}

// About tells `pulumi about` which Python runs the program.
func (h *host) About(ctx context.Context, req *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	python, err := resolve(req.GetInfo())
	if err != nil {
		return nil, err
	}
	about, err := python.About(ctx)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AboutResponse{Executable: about.PythonExecutable, Version: about.PythonVersion.String()}, nil
}

// GetProgramDependencies lists the installed packages for `pulumi about`. The environment has no pip to ask.
func (h *host) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	python, err := resolve(req.GetInfo())
	if err != nil {
		return nil, err
	}
	cmd, err := python.Command(ctx, "-c", "import importlib.metadata, json; "+
		"print(json.dumps([dict(name=d.name, version=d.version) for d in importlib.metadata.distributions()]))")
	if err != nil {
		return nil, err
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the installed packages: %w", err)
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	if err := json.Unmarshal(out, &response.Dependencies); err != nil {
		return nil, fmt.Errorf("listing the installed packages: %w", err)
	}
	return response, nil
}

// InstallDependencies refuses: an environment that anything but the lock file filled would not be the tested one.
func (h *host) InstallDependencies(
	*pulumirpc.InstallDependenciesRequest, pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	return status.Error(codes.FailedPrecondition, "dependencies are installed from requirements.lock: run scripts/setup")
}

// Run runs the program to its end. What it prints goes to our own standard output and error, which the engine reads.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.alive, cancel)()

	cmd, err := h.command(ctx, req)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	return respond(cmd.Run()), nil
}

// command is the executor in the project's virtual environment, told by arguments where engine and program are and by
// its environment what the stack's configuration is.
func (h *host) command(ctx context.Context, req *pulumirpc.RunRequest) (*exec.Cmd, error) {
	python, err := resolve(req.GetInfo())
	if err != nil {
		return nil, err
	}
	if err := python.ValidateVenv(ctx); err != nil {
		return nil, fmt.Errorf("%w (run scripts/setup)", err)
	}
	cmd, err := python.Command(ctx, h.arguments(req)...)
	if err != nil {
		return nil, err
	}
	configuration, err := environment(req)
	if err != nil {
		return nil, err
	}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, configuration...)
	return cmd, nil
}

func (h *host) arguments(req *pulumirpc.RunRequest) []string {
	info := req.GetInfo()
	args := []string{h.script}
	for _, option := range []struct{ name, value string }{
		{"--monitor", req.GetMonitorAddress()},
		{"--engine", h.engine},
		{"--project", req.GetProject()},
		{"--stack", req.GetStack()},
		{"--organization", req.GetOrganization()},
		{"--root_directory", info.GetRootDirectory()},
		{"--pwd", req.GetPwd()},
		{"--dry_run", strconv.FormatBool(req.GetDryRun())},
		{"--parallel", strconv.Itoa(int(req.GetParallel()))},
	} {
		if option.value != "" {
			args = append(args, option.name, option.value)
		}
	}
	args = append(args, filepath.Join(info.GetProgramDirectory(), info.GetEntryPoint()))
	return append(args, req.GetArgs()...)
}

// environment hands the configuration over. An absent map or list is sent empty: the executor cannot read `null`.
func environment(req *pulumirpc.RunRequest) ([]string, error) {
	config, secrets := req.GetConfig(), req.GetConfigSecretKeys()
	if config == nil {
		config = map[string]string{}
	}
	if secrets == nil {
		secrets = []string{}
	}
	configJSON, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration: %w", err)
	}
	secretsJSON, err := json.Marshal(secrets)
	if err != nil {
		return nil, fmt.Errorf("encoding the names of secret configuration: %w", err)
	}
	return []string{"PULUMI_CONFIG=" + string(configJSON), "PULUMI_CONFIG_SECRET_KEYS=" + string(secretsJSON)}, nil
}

// respond translates how the program ended into what the engine shows.
func respond(err error) *pulumirpc.RunResponse {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}
	case errors.Is(err, context.Canceled):
		return &pulumirpc.RunResponse{Error: "the Python program was cancelled"}
	case !errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the Python program could not be run: %v", err)}
	case exit.ExitCode() == exitBail:
		return &pulumirpc.RunResponse{Bail: true}
	case exit.Exited():
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the Python program ended with exit code %d", exit.ExitCode())}
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the Python program was ended by a signal (%v)", exit)}
	}
}

// resolve finds the Python that Pulumi.yaml asks for: `runtime.options.virtualenv` and `runtime.options.toolchain`.
func resolve(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, error) {
	options := toolchain.PythonOptions{
		Root:       info.GetRootDirectory(),
		ProgramDir: info.GetProgramDirectory(),
		Toolchain:  toolchain.Pip,
	}
	given := info.GetOptions().AsMap()
	if virtualenv, ok := given["virtualenv"].(string); ok {
		options.Virtualenv = virtualenv
	}
	switch name := given["toolchain"]; name {
	case nil, "pip":
	case "uv":
		options.Toolchain = toolchain.Uv
	case "poetry":
		options.Toolchain = toolchain.Poetry
	default:
		return nil, fmt.Errorf("Pulumi.yaml: runtime.options.toolchain: expected pip, uv or poetry, got %v", name)
	}
	return toolchain.ResolveToolchain(options)
}
