// Command probe is what the lab's pods and hosts look at the network with: one static program, since the lab has no image registry.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const usage = `probe: looks at a network from inside a pod or host
  pause                                              waits for SIGTERM
  serve [-tcp PORT] [-http PORT]                     HTTP /ip answers the caller's address; TCP checks what send and receive carry
  get [-timeout D] URL                               prints the answer; fails on a status other than 200
  send [-timeout D] [-blank] HOST PORT BYTES         carries bytes to serve and compares count and checksum (-blank: the count
                                                     alone, as fast as the network takes them); prints JSON
  receive [-timeout D] HOST PORT BYTES               the same the other way
  ping [-df] [-size N] [-count N] [-timeout D] HOST  ICMP echo; N is the size of the whole IP packet; prints JSON
  mtu IFACE                                          prints the interface's MTU
  dial [-timeout D] HOST PORT                        opens a TCP connection and prints its own address
  watch [-timeout D] [-every D] HOST PORT            opens one after the other until SIGTERM; prints as JSON how many were opened and lost so far
`

type command func(flags *flag.FlagSet, args []string) error

var commands = map[string]command{
	"pause": pause, "serve": serve, "get": get, "send": send, "receive": receive, "ping": ping, "mtu": mtu, "dial": dial, "watch": watch,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	name := os.Args[1]
	if err := commands[name](flag.NewFlagSet(name, flag.ExitOnError), os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "probe %s: %v\n", name, err)
		os.Exit(1)
	}
}

// parse reads the flags and insists on exactly the wanted number of arguments after them.
func parse(flags *flag.FlagSet, args []string, want int) ([]string, error) {
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() != want {
		return nil, fmt.Errorf("needs %d arguments, got %d\n%s", want, flags.NArg(), usage)
	}
	return flags.Args(), nil
}

func printJSON(value any) error { return json.NewEncoder(os.Stdout).Encode(value) }

// waitForSignal is needed because the kernel ignores signals without a handler for process 1 of a container.
func waitForSignal() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	return signals
}

func pause(flags *flag.FlagSet, args []string) error {
	_, err := parse(flags, args, 0)
	if err == nil {
		<-waitForSignal()
	}
	return err
}

func mtu(flags *flag.FlagSet, args []string) error {
	rest, err := parse(flags, args, 1)
	if err != nil {
		return err
	}
	link, err := net.InterfaceByName(rest[0])
	if err == nil {
		fmt.Println(strconv.Itoa(link.MTU))
	}
	return err
}

func dial(flags *flag.FlagSet, args []string) error {
	timeout := flags.Duration("timeout", 5*time.Second, "")
	rest, err := parse(flags, args, 2)
	if err != nil {
		return err
	}
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(rest[0], rest[1]), *timeout)
	if err != nil {
		return err
	}
	fmt.Println(connection.LocalAddr().(*net.TCPAddr).IP)
	return connection.Close()
}
