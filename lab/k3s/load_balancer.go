package main

import (
	"io"
	"net"
	"net/url"
	"sync"
)

// serveLoadBalancer passes connections on to the server unchanged, and tells the URL that the agent's own programs use (K3S: pkg/agent/loadbalancer).
func (n *node) serveLoadBalancer(serverURL string) (string, error) {
	server, err := url.Parse(serverURL)
	if err != nil {
		return "", err
	}
	port := server.Port()
	if port == "" {
		port = "443"
	}
	target := net.JoinHostPort(server.Hostname(), port)
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", n.given.one("lb-server-port", "6444")))
	if err != nil {
		logf("warning", "Error starting load balancer: %s", err)
		return "", err
	}
	logf("info", "Running load balancer k3s-agent-load-balancer %s -> [] [default: %s]", listener.Addr(), target)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				n.processes.ended <- err
				return
			}
			go passOn(connection.(*net.TCPConn), target)
		}
	}()
	return "https://" + listener.Addr().String(), nil
}

// passOn ends with either side.
func passOn(from *net.TCPConn, target string) {
	defer from.Close()
	connection, err := (&net.Dialer{Timeout: limit}).Dial("tcp", target)
	if err != nil {
		return
	}
	to := connection.(*net.TCPConn)
	defer to.Close()
	var both sync.WaitGroup
	copyAll := func(to, from *net.TCPConn) {
		if _, err := io.Copy(to, from); err != nil {
			// The other direction waits for nothing any more.
			from.Close()
		}
		to.CloseWrite()
	}
	both.Go(func() { copyAll(to, from) })
	both.Go(func() { copyAll(from, to) })
	both.Wait()
}
