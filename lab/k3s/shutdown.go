package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// shutdownRequest is the end of a part of k3s: it is logged as an error, the rest is stopped, and k3s ends with status 0 (K3S: pkg/signals).
type shutdownRequest struct{ error }

// fatal is an end that k3s tells in these words alone, whatever it was doing.
type fatal struct{ text string }

func (e fatal) Error() string { return e.text }

// silentExit is the end of a part that called os.Exit, which in k3s takes everything along without another word.
type silentExit struct{ status int }

func (e silentExit) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// statusOf says what systemd's journal shows of an end, and tells the exit status that goes with it.
func statusOf(err error) int {
	var request shutdownRequest
	var silent silentExit
	var alone fatal
	switch {
	case err == nil:
		return 0
	case errors.As(err, &request):
		logf("error", "Shutdown request received: %q", request.error)
		return 0
	case errors.As(err, &silent):
		return silent.status
	case errors.As(err, &alone):
		logf("fatal", "%v", alone)
		return 1
	}
	logf("fatal", "Error: %v", err)
	return 1
}

func requestShutdown(what string, err error) error {
	if err == nil {
		return nil
	}
	return shutdownRequest{fmt.Errorf("%s: %w", what, err)}
}

// componentName is what k3s calls a part in its own lines (K3S: pkg/executor/embed/embed.go).
func componentName(program string) string {
	name := filepath.Base(program)
	if name == "kube-proxy" {
		return name
	}
	return strings.TrimPrefix(name, "kube-")
}

// endOf tells how a program ended: with an error that k3s would get as a return value, or by itself.
func endOf(name, fault string, err error) error {
	var exit *exec.ExitError
	switch {
	case fault != "":
		return shutdownRequest{fmt.Errorf("%s exited: %s", name, fault)}
	case name != "containerd" && errors.As(err, &exit):
		return silentExit{max(1, exit.ExitCode())}
	case err == nil:
		err = errors.New("exit status 0")
	}
	return shutdownRequest{fmt.Errorf("%s exited: %w", name, err)}
}
