package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/grpclog"
)

// memberAddress is where the member serves its peers: the node's address, but never the VPN's by itself where k3s takes part in it
// (facts/several-servers.md, A1c); a node-ip counts here, although the VPN's goes before it elsewhere (K3S: pkg/cli/server/server.go, PrivateIP).
func (s *server) memberAddress() string {
	if s.overVPN {
		if given := s.given.list("node-ip"); len(given) > 0 {
			return given[0]
		}
		if address, err := routedAddress(); err == nil {
			return address.String()
		}
	}
	return s.addresses[0].String()
}

// leaveCluster puts the data of a member that was removed aside, where it is told whom to join (K3S: pkg/etcd/etcd.go).
func (d *datastore) leaveCluster(serverURL string) error {
	if _, err := os.Stat(filepath.Join(d.folder, tombstone)); err != nil {
		return nil
	}
	if serverURL == "" {
		return errors.New("tombstone file has been detected but --server is empty: backup and delete ${datadir}/server/db to create a new cluster, or set --server to rejoin the cluster")
	}
	logf("info", "tombstone file has been detected, removing ${datadir}/server/db to rejoin the cluster")
	return os.Rename(d.folder, d.folder+"-backup-"+strconv.FormatInt(time.Now().Unix(), 10))
}

// settings are a member's. While its cluster is reset it listens where no peer reaches it.
func (s *server) memberSettings(state string, cluster []string, reset bool) etcdSettings {
	d := s.store
	clients, peers, advertised := etcdLocal+","+d.clientURL(), "https://127.0.0.1:2380,"+d.peerURL(), d.clientURL()
	if reset {
		clients, peers, advertised = etcdLocal, "https://127.0.0.1:2380", etcdLocal
	}
	security := func(name, authority string) map[string]any {
		stem := s.tls("etcd", name)
		return map[string]any{"cert-file": stem + ".crt", "key-file": stem + ".key", "client-cert-auth": true, "trusted-ca-file": s.tls("etcd", authority+".crt")}
	}
	return etcdSettings{
		"name": d.name, "listen-client-urls": clients, "listen-peer-urls": peers, "advertise-client-urls": advertised,
		"listen-metrics-urls": "http://127.0.0.1:2381", "listen-client-http-urls": "https://127.0.0.1:2382",
		"initial-advertise-peer-urls": d.peerURL(), "initial-cluster": strings.Join(cluster, ","), "initial-cluster-state": state,
		"force-new-cluster": reset, "heartbeat-interval": 500, "election-timeout": 5000, "snapshot-count": 10000,
		"client-transport-security": security("server-client", "server-ca"), "peer-transport-security": security("peer-server-client", "peer-ca"),
	}
}

func (s *server) self() string { return s.store.name + "=" + s.store.peerURL() }

// gRPC tells each attempt to connect on a line of its own; k3s keeps it quiet.
func init() { grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard)) }

// etcdClient speaks as the API server does.
func (s *server) etcdClient(endpoints ...string) (*clientv3.Client, error) {
	certificate, err := tls.LoadX509KeyPair(s.tls("etcd/client.crt"), s.tls("etcd/client.key"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.etcdServerCA.certificate)
	return clientv3.New(clientv3.Config{
		Endpoints: endpoints, TLS: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}}, DialTimeout: 2 * time.Second,
		DialKeepAliveTime: 30 * time.Second, DialKeepAliveTimeout: 10 * time.Second, Logger: zap.NewNop(),
		// The first look comes before etcd listens, and gRPC would wait for a second then.
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, MaxDelay: 2 * time.Second}, MinConnectTimeout: 2 * time.Second,
		})},
	})
}

// startMember returns once this server's member is a voter: only then does the API server start (K3S: pkg/executor/embed).
func (s *server) startMember() error {
	var err error
	switch {
	case s.store.isInitialized():
		logf("info", "Starting etcd for existing cluster member")
		err = s.runEtcd(s.memberSettings("existing", []string{s.self()}, false))
	case s.given.one("server", "") == "":
		logf("info", "Starting etcd for new cluster, cluster-reset=false")
		err = s.runEtcd(s.memberSettings("new", []string{s.self()}, false))
	default:
		err = requestShutdown("etcd cluster join failed", s.joinCluster())
	}
	if err != nil {
		return err
	}
	said := time.Time{}
	poll(20*time.Millisecond, func() error { return canDial("tcp", etcdLocal[len("https://"):]) })
	poll(100*time.Millisecond, func() error {
		err := s.testMember()
		if err != nil && time.Since(said) > 5*time.Second {
			said = time.Now()
			logf("info", "Failed to test etcd connection: %v", err)
		}
		return err
	})
	logf("info", "Connection to etcd is ready")
	err = s.saveBootstrap()
	var younger fatal
	switch {
	case errors.As(err, &younger):
		return younger
	case errors.Is(err, errOtherToken):
		return fmt.Errorf("preparing server: failed to bootstrap cluster data: failed to reconcile with local datastore: %w", err)
	}
	return requestShutdown("failed to save bootstrap data", err)
}

// testMember is satisfied by a voter under its own name and address, and gives the only one the address that the node has now.
func (s *server) testMember() error {
	// Short, as a first look before etcd listens would keep all later ones waiting.
	limited, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	status, err := s.store.client.Status(limited, etcdLocal)
	switch {
	case err != nil:
		return fmt.Errorf("failed to get etcd status: %w", err)
	case status.IsLearner:
		return errors.New("this server has not yet been promoted from learner to voting member")
	case status.Leader == 0:
		return errors.New("etcdserver: no leader")
	}
	members, err := s.store.client.MemberList(limited)
	if err != nil {
		return err
	}
	var found []string
	for _, member := range members.Members {
		if member.Name == s.store.name && slices.Contains(member.PeerURLs, s.store.peerURL()) {
			return nil
		}
		if len(member.PeerURLs) > 0 {
			found = append(found, member.Name+"="+member.PeerURLs[0])
		}
	}
	if len(members.Members) == 1 {
		_, err = s.store.client.MemberUpdate(limited, members.Members[0].ID, []string{s.store.peerURL()})
	}
	return errors.Join(err, fmt.Errorf("this server is not a member of the etcd cluster. Found %v, expect: %s", found, s.self()))
}

// voters are the client URLs of members that this one may ask.
func voters(members []*etcdserverpb.Member, own string) []string {
	var urls []string
	for _, member := range members {
		if !member.IsLearner && !slices.Contains(member.ClientURLs, own) {
			urls = append(urls, member.ClientURLs...)
		}
	}
	return urls
}
