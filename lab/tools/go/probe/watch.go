package main

import (
	"flag"
	"net"
	"time"
)

type watched struct {
	Opened int `json:"opened"`
	Lost   int `json:"lost"`
	// Row is the most that were lost one after the other.
	Row  int    `json:"row"`
	Last string `json:"last,omitempty"`
	At   string `json:"at,omitempty"`
}

// watch prints after each loss and once in a while, so that the last line of a pod's log is the sum.
func watch(flags *flag.FlagSet, args []string) error {
	timeout := flags.Duration("timeout", 900*time.Millisecond, "")
	every := flags.Duration("every", 100*time.Millisecond, "")
	rest, err := parse(flags, args, 2)
	if err != nil {
		return err
	}
	ended := waitForSignal()
	ticks := time.NewTicker(*every)
	defer ticks.Stop()
	var seen watched
	row := 0
	for {
		select {
		case <-ended:
			return nil
		case <-ticks.C:
		}
		// A first packet that is lost is sent again after 1 s: with less patience than that no loss is hidden.
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(rest[0], rest[1]), *timeout)
		if err == nil {
			seen.Opened++
			row = 0
			err = connection.Close()
		}
		if err != nil && seen.Opened == 0 {
			// Hosts that meet for the first time look for a path first: nothing is watched before there is one.
			continue
		}
		if err != nil {
			seen.Lost++
			row++
			seen.Row = max(seen.Row, row)
			seen.Last, seen.At = err.Error(), time.Now().UTC().Format(time.RFC3339Nano)
		}
		if err != nil || seen.Opened%10 == 0 {
			if err := printJSON(seen); err != nil {
				return err
			}
		}
	}
}
