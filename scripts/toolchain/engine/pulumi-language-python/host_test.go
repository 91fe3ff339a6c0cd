package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// project makes a project whose "Python" is the given shell script, and a request to run it.
func project(t *testing.T, script string) *pulumirpc.RunRequest {
	t.Helper()
	root := t.TempDir()
	bin := filepath.Join(root, "venv", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "python"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	options, err := structpb.NewStruct(map[string]any{"virtualenv": "venv"})
	if err != nil {
		t.Fatal(err)
	}
	return &pulumirpc.RunRequest{
		Project: "p", Stack: "s", Pwd: root, MonitorAddress: "127.0.0.1:1", Parallel: 4, DryRun: true,
		Info: &pulumirpc.ProgramInfo{
			RootDirectory: root, ProgramDirectory: filepath.Join(root, "infra"), EntryPoint: ".", Options: options,
		},
	}
}

func run(t *testing.T, script string) *pulumirpc.RunResponse {
	t.Helper()
	response, err := newHost(t.Context(), "exec", "127.0.0.1:2").Run(t.Context(), project(t, script))
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestEndOfProgram(t *testing.T) {
	for name, row := range map[string]struct {
		script, message string
		bail            bool
	}{
		"success":                     {script: "exit 0"},
		"the user was told: be quiet": {script: "exit 32", bail: true},
		"an ordinary failure":         {script: "exit 3", message: "exit code 3"},
		"one next to bail":            {script: "exit 33", message: "exit code 33"},
		"a crash":                     {script: "kill -SEGV $$", message: "segmentation fault"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, row.script)
			if got.Bail != row.bail || !strings.Contains(got.Error, row.message) || (row.message == "") != (got.Error == "") {
				t.Errorf("got bail=%v error=%q, expected bail=%v and a message with %q", got.Bail, got.Error, row.bail, row.message)
			}
		})
	}
}

func TestAbsentConfigurationIsEmptyNotNull(t *testing.T) {
	got := run(t, `test "$PULUMI_CONFIG" = '{}' && test "$PULUMI_CONFIG_SECRET_KEYS" = '[]'`)
	if got.Error != "" {
		t.Error(got.Error)
	}
}

func TestConfigurationReachesTheProgram(t *testing.T) {
	req := project(t, `test "$PULUMI_CONFIG" = '{"p:zone":"dmz"}' && test "$PULUMI_CONFIG_SECRET_KEYS" = '["p:zone"]'`)
	req.Config, req.ConfigSecretKeys = map[string]string{"p:zone": "dmz"}, []string{"p:zone"}
	got, err := newHost(t.Context(), "exec", "e").Run(t.Context(), req)
	if err != nil || got.Error != "" {
		t.Error(err, got)
	}
}

func TestArguments(t *testing.T) {
	req := project(t, "")
	req.Args = []string{"extra"}
	got := newHost(t.Context(), "exec", "engine:1").arguments(req)
	root := req.Info.RootDirectory
	expected := []string{
		"exec", "--monitor", "127.0.0.1:1", "--engine", "engine:1", "--project", "p", "--stack", "s",
		"--root_directory", root, "--pwd", root, "--dry_run", "true", "--parallel", "4",
		filepath.Join(root, "infra"), "extra",
	}
	if !slices.Equal(got, expected) {
		t.Errorf("got      %q\nexpected %q", got, expected)
	}
}

func TestEngineAddressFromHandshakeOnlyWhenNotGiven(t *testing.T) {
	for given, expected := range map[string]string{"": "late:1", "early:1": "early:1"} {
		h := newHost(t.Context(), "exec", given)
		if _, err := h.Handshake(t.Context(), &pulumirpc.LanguageHandshakeRequest{EngineAddress: "late:1"}); err != nil {
			t.Fatal(err)
		}
		if h.engine != expected {
			t.Errorf("given %q: got %q, expected %q", given, h.engine, expected)
		}
	}
}

func TestMissingEnvironmentSaysWhatToDo(t *testing.T) {
	req := project(t, "")
	if err := os.RemoveAll(filepath.Join(req.Info.RootDirectory, "venv")); err != nil {
		t.Fatal(err)
	}
	_, err := newHost(t.Context(), "exec", "e").Run(t.Context(), req)
	if err == nil || !strings.Contains(err.Error(), "scripts/setup") {
		t.Errorf("got %v", err)
	}
}

func TestUnknownToolchainIsRefused(t *testing.T) {
	req := project(t, "")
	req.Info.Options.Fields["toolchain"] = structpb.NewStringValue("conda")
	_, err := newHost(t.Context(), "exec", "e").Run(t.Context(), req)
	if err == nil || !strings.Contains(err.Error(), "conda") {
		t.Errorf("got %v", err)
	}
}

// The three ways in which a run is told to stop must all reach the program, and the program must be able to tidy up.
func TestProgramIsTerminated(t *testing.T) {
	for name, stop := range map[string]func(h *host, hostEnds, callEnds context.CancelFunc){
		"the engine calls Cancel":  func(h *host, _, _ context.CancelFunc) { _, _ = h.Cancel(context.Background(), &emptypb.Empty{}) },
		"the host gets a signal":   func(_ *host, hostEnds, _ context.CancelFunc) { hostEnds() },
		"the engine's call is cut": func(_ *host, _, callEnds context.CancelFunc) { callEnds() },
	} {
		t.Run(name, func(t *testing.T) {
			hostContext, hostEnds := context.WithCancel(t.Context())
			callContext, callEnds := context.WithCancel(t.Context())
			defer hostEnds()
			defer callEnds()
			h := newHost(hostContext, "exec", "e")
			req := project(t, `trap 'echo tidy > tidied; exit 0' TERM; echo up > started; while :; do sleep 0.01; done`)
			root := req.Info.RootDirectory
			t.Chdir(root)

			done := make(chan struct{})
			go func() { defer close(done); _, _ = h.Run(callContext, req) }()
			waitFor(t, filepath.Join(root, "started"))
			stop(h, hostEnds, callEnds)
			select {
			case <-done:
			case <-time.After(grace):
				t.Fatal("the program still runs")
			}
			if _, err := os.Stat(filepath.Join(root, "tidied")); err != nil {
				t.Error("the program was not asked to end: ", err)
			}
		})
	}
}

func TestHostWithoutExecutorDoesNotStart(t *testing.T) {
	if err := serve(filepath.Join(t.TempDir(), executor), ""); err == nil || !strings.Contains(err.Error(), executor) {
		t.Errorf("got %v", err)
	}
}

func TestProgramDependencies(t *testing.T) {
	req := project(t, `echo '[{"name":"pulumi","version":"3.1.4"}]'`)
	got, err := newHost(t.Context(), "exec", "e").GetProgramDependencies(t.Context(), &pulumirpc.GetProgramDependenciesRequest{Info: req.Info})
	if err != nil || len(got.Dependencies) != 1 || got.Dependencies[0].Name != "pulumi" || got.Dependencies[0].Version != "3.1.4" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestHostEndsWithTheEngine(t *testing.T) {
	defer func(before time.Duration) { engineHealthInterval = before }(engineHealthInterval)
	engineHealthInterval = 10 * time.Millisecond
	script := filepath.Join(t.TempDir(), executor)
	if err := os.WriteFile(script, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(script, "127.0.0.1:1") }() // where no engine is
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(grace):
		t.Fatal("the host still waits for an engine that is gone")
	}
}

func TestRespondWhenPythonCannotBeStarted(t *testing.T) {
	got := respond(exec.ErrNotFound)
	if !strings.Contains(got.Error, "could not be run") {
		t.Errorf("got %q", got.Error)
	}
}

func waitFor(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
	t.Fatalf("%s did not appear", path)
}
