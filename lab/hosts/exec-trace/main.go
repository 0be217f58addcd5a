// Command exec-trace prints one line of JSON for each program that is started anywhere on this machine, with its whole argument list,
// until it gets SIGTERM. The first line says how it looks: "kernel" misses none, "scan" (where the kernel allows no tracing) may miss
// programs that end within milliseconds.
//
// Usage: exec-trace LEVEL, the depth of the control group (version 2) that each line names by its id.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// Exec is a program that was started.
type Exec struct {
	Pid   uint32   `json:"pid"`
	Group uint64   `json:"group"`
	Argv  []string `json:"argv"`
}

type header struct {
	Source string `json:"source"`
	Reason string `json:"reason,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: exec-trace LEVEL")
		os.Exit(2)
	}
	level, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "exec-trace: not a number:", os.Args[1])
		os.Exit(2)
	}
	if err := run(level); err != nil {
		fmt.Fprintln(os.Stderr, "exec-trace:", err)
		os.Exit(1)
	}
}

func run(level int) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	lines := json.NewEncoder(out)
	announce := func(source header) error {
		if err := lines.Encode(source); err != nil {
			return err
		}
		return out.Flush()
	}
	tracer, err := newTracer(int32(level))
	if err != nil {
		if err := announce(header{Source: "scan", Reason: err.Error()}); err != nil {
			return err
		}
		return scan(stop, lines)
	}
	defer tracer.Close()
	if err := announce(header{Source: "kernel"}); err != nil {
		return err
	}
	return tracer.Follow(stop, lines)
}
