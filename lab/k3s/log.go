package main

import (
	"fmt"
	"os"
	"time"
)

// logf writes a line in the form of k3s's own log.
func logf(level, format string, values ...any) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%q\n", time.Now().UTC().Format(time.RFC3339), level, fmt.Sprintf(format, values...))
}
