package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const balancerName = "k3s-agent-load-balancer"

// balancer passes an agent's connections on to one server, unchanged, and to another once that one does not answer
// (K3S: pkg/agent/loadbalancer).
type balancer struct {
	file, serverURL string
	// given is the server of the settings, the last resort.
	given string

	lock  sync.Mutex
	known []string
	// active is where new connections go first.
	active      string
	connections map[string]map[net.Conn]bool
}

// balancerFile is what lasts over a restart: the servers, for as long as the settings name the same one.
type balancerFile struct {
	ServerURL       string
	ServerAddresses []string
}

// serveLoadBalancer listens where the agent's own programs look for the API server, and tells the URL.
func (n *node) serveLoadBalancer(serverURL string) (*balancer, string, error) {
	server, err := url.Parse(serverURL)
	if err != nil {
		return nil, "", err
	}
	port := server.Port()
	if port == "" {
		port = "443"
	}
	given := net.JoinHostPort(server.Hostname(), port)
	b := &balancer{file: n.path("agent/etc", balancerName+".json"), serverURL: server.Scheme + "://" + given, given: given, active: given,
		known: []string{given}, connections: map[string]map[net.Conn]bool{}}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", n.given.one("lb-server-port", "6444")))
	if err != nil {
		logf("warning", "Error starting load balancer: %s", err)
		return nil, "", err
	}
	if err := b.readFile(); err != nil {
		return nil, "", err
	}
	logf("info", "Running load balancer %s %s -> %v [default: %s]", balancerName, listener.Addr(), b.known, given)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				n.processes.ended <- err
				return
			}
			go b.passOn(connection.(*net.TCPConn))
		}
	}()
	go b.watch()
	return b, "https://" + listener.Addr().String(), nil
}

// readFile takes the list of before, unless it belongs to another server's cluster.
func (b *balancer) readFile() error {
	var before balancerFile
	if content, err := os.ReadFile(b.file); err == nil && json.Unmarshal(content, &before) == nil && before.ServerURL == b.serverURL {
		b.known = before.ServerAddresses
		return nil
	}
	return b.writeFile()
}

func (b *balancer) writeFile() error {
	content, err := json.MarshalIndent(balancerFile{b.serverURL, b.known}, "", "  ")
	return errors.Join(err, os.MkdirAll(filepath.Dir(b.file), 0o755), os.WriteFile(b.file, content, 0o600))
}

// update makes these the servers there are.
func (b *balancer) update(addresses []string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if len(addresses) == 0 || slices.Equal(addresses, b.known) {
		return
	}
	b.known = addresses
	logf("info", "Updated load balancer %s server addresses -> %v [default: %s]", balancerName, addresses, b.given)
	if err := b.writeFile(); err != nil {
		logf("warning", "Error updating load balancer %s config: %s", balancerName, err)
	}
}

// candidates are all servers, in the order to try.
func (b *balancer) candidates() []string {
	b.lock.Lock()
	defer b.lock.Unlock()
	all := append([]string{b.active}, b.known...)
	all = append(all, b.given)
	var once []string
	for _, address := range all {
		if !slices.Contains(once, address) && (address == b.given || slices.Contains(b.known, address)) {
			once = append(once, address)
		}
	}
	return once
}

func (b *balancer) dial() (*net.TCPConn, string, error) {
	var errs []error
	for _, address := range b.candidates() {
		connection, err := (&net.Dialer{Timeout: limit}).Dial("tcp", address)
		if err == nil {
			b.activate(address)
			return connection.(*net.TCPConn), address, nil
		}
		errs = append(errs, err)
		b.drop(address, "failed dial")
	}
	return nil, "", errors.Join(errs...)
}

func (b *balancer) activate(address string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.active != address {
		logf("info", "Server %s@ACTIVE*<-%s from successful dial", address, b.active)
		b.active = address
	}
}

// drop ends what goes over a server that does not answer, so that it begins again over another.
func (b *balancer) drop(address, reason string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if len(b.connections[address]) > 0 {
		logf("info", "Server %s@ACTIVE*->FAILED from %s", address, reason)
	}
	for connection := range b.connections[address] {
		connection.Close()
	}
}

// watch looks at the server in use every second.
func (b *balancer) watch() {
	for ; ; time.Sleep(time.Second) {
		b.lock.Lock()
		active := b.active
		b.lock.Unlock()
		connection, err := (&net.Dialer{Timeout: limit}).Dial("tcp", active)
		if err != nil {
			b.drop(active, "failed health check")
			b.leave(active)
			continue
		}
		connection.Close()
	}
}

// leave has the next connection try another first.
func (b *balancer) leave(address string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.active != address {
		return
	}
	for index, known := range b.known {
		if known == address {
			b.active = b.known[(index+1)%len(b.known)]
			return
		}
	}
	if len(b.known) > 0 {
		b.active = b.known[0]
	}
}

// passOn ends with either side.
func (b *balancer) passOn(from *net.TCPConn) {
	defer from.Close()
	to, address, err := b.dial()
	if err != nil {
		return
	}
	defer to.Close()
	b.keep(address, to, true)
	defer b.keep(address, to, false)
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

func (b *balancer) keep(address string, connection net.Conn, open bool) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.connections[address] == nil {
		b.connections[address] = map[net.Conn]bool{}
	}
	if open {
		b.connections[address][connection] = true
	} else {
		delete(b.connections[address], connection)
	}
}
