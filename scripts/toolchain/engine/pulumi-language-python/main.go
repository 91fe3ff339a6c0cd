// Command pulumi-language-python is the Pulumi language host for Python programs: the engine starts it, asks it to run
// the program, and reads from its standard output first the port that it serves and then whatever the program prints.
//
// The vendor's own host is not published as a Go module. This one serves what `pulumi preview | up | destroy | refresh |
// about` need and says so for the rest; it leaves finding and starting Python to the vendor's library.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// The vendor's script that connects a Python program with the engine; it lies beside this binary.
const executor = "pulumi-language-python-exec"

// An engine that was killed cannot say good-bye; its host must not stay behind.
var engineHealthInterval = 5 * time.Second

var version = "0.0.0" // set by the linker

func main() {
	flag.String("tracing", "", "accepted for the engine's sake; traces are not sent")
	flag.Parse()
	if err := start(flag.Arg(0)); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-python: %v\n", err)
		os.Exit(1)
	}
}

func start(engine string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the folder of this program: %w", err)
	}
	return serve(filepath.Join(filepath.Dir(self), executor), engine)
}

// serve answers the engine at the given address until a signal, the engine's end or its Cancel call.
func serve(script, engine string) error {
	if _, err := os.Stat(script); err != nil {
		return fmt.Errorf("the executor is missing; build the toolchain again: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if engine != "" {
		if err := rpcutil.Healthcheck(ctx, engine, engineHealthInterval, stop); err != nil {
			return fmt.Errorf("watching the engine at %s: %w", engine, err)
		}
	}

	ended := make(chan bool)
	context.AfterFunc(ctx, func() { close(ended) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: ended,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, newHost(ctx, script, engine))
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}
