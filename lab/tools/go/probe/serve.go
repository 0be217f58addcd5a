package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

func newLine(text string) io.Reader { return strings.NewReader(text + "\n") }

func serve(flags *flag.FlagSet, args []string) error {
	tcpPort := flags.Int("tcp", 0, "")
	httpPort := flags.Int("http", 0, "")
	if _, err := parse(flags, args, 0); err != nil {
		return err
	}
	failed := make(chan error, 2)
	if *tcpPort != 0 {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", *tcpPort))
		if err != nil {
			return err
		}
		go func() { failed <- serveTCP(listener) }()
	}
	if *httpPort != 0 {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", *httpPort))
		if err != nil {
			return err
		}
		go func() { failed <- http.Serve(listener, callerAddress()) }()
	}
	select {
	case err := <-failed:
		return err
	case <-waitForSignal():
		return nil
	}
}

func serveTCP(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			if err := answer(connection); err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", connection.RemoteAddr(), err)
			}
		}()
	}
}

func callerAddress() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/ip", func(response http.ResponseWriter, request *http.Request) {
		address, _, _ := net.SplitHostPort(request.RemoteAddr)
		fmt.Fprintln(response, address)
	})
	return mux
}

func get(flags *flag.FlagSet, args []string) error {
	timeout := flags.Duration("timeout", 5*time.Second, "")
	rest, err := parse(flags, args, 1)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, rest[0], nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_, copyErr := io.Copy(os.Stdout, response.Body)
	if err := errors.Join(copyErr, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", rest[0], response.Status)
	}
	return nil
}
