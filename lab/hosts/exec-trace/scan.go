package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"time"
)

const scanEvery = 5 * time.Millisecond

// scan looks at the processes that there are, again and again, and writes each list of arguments once per process. The group is left out.
func scan(stop <-chan os.Signal, lines *json.Encoder) error {
	seen := map[string]string{}
	for first := true; ; first = false {
		now := map[string]string{}
		entries, err := os.ReadDir("/proc")
		if err != nil {
			return err
		}
		for _, entry := range entries {
			pid, err := strconv.ParseUint(entry.Name(), 10, 32)
			if err != nil {
				continue
			}
			text, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
			if err != nil || len(text) == 0 {
				continue
			}
			now[entry.Name()] = string(text)
			if first || seen[entry.Name()] == string(text) {
				continue
			}
			argv := strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
			if err := lines.Encode(Exec{Pid: uint32(pid), Argv: argv}); err != nil {
				return err
			}
		}
		seen = now
		select {
		case <-stop:
			return nil
		case <-time.After(scanEvery):
		}
	}
}
