package main

import (
	"fmt"
	"os"
	"time"
)

// debugf writes what k3s says with --debug only.
func (n *node) debugf(format string, values ...any) {
	if n.given.one("debug", "false") == "true" {
		logf("debug", format, values...)
	}
}

// logf writes a line in the form of k3s's own log.
func logf(level, format string, values ...any) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%q\n", time.Now().UTC().Format(time.RFC3339), level, fmt.Sprintf(format, values...))
}
