package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
)

// server is the control plane of one node: the datastore, the API server behind the supervisor's port, controllers and scheduler.
type server struct {
	*node
	clientCA, serverCA, proxyCA *authority
	etcdServerCA, etcdPeerCA    *authority
	tokens                      tokens
	tokenLock                   sync.Mutex
	store                       *datastore
	kube                        kubernetes.Interface
	podCIDR, serviceCIDR        netip.Prefix
	// joinURL is the living server that this one was told to join, and asServer speaks to it with the server token.
	joinURL  string
	asServer *visit
	nodes    listers.NodeLister
}

const apiServerAddress = "127.0.0.1:6444"

func (n *node) newServer() (*server, error) {
	s := &server{node: n}
	if err := os.MkdirAll(s.tls("etcd"), 0o700); err != nil {
		return nil, err
	}
	var err error
	if s.podCIDR, err = netip.ParsePrefix(n.given.one("cluster-cidr", "10.42.0.0/16")); err != nil {
		return nil, err
	}
	if s.serviceCIDR, err = netip.ParsePrefix(n.given.one("service-cidr", "10.43.0.0/16")); err != nil {
		return nil, err
	}
	if err := s.chooseDatastore(); err != nil {
		return nil, err
	}
	if !s.store.isExternal {
		if err := os.MkdirAll(n.path("server/db"), 0o700); err != nil {
			return nil, err
		}
	}
	if err := s.fetchBootstrap(); err != nil {
		return nil, fmt.Errorf("preparing server: failed to bootstrap cluster data: %w", err)
	}
	err = s.loadIdentity()
	if err == nil && s.store.isEtcd {
		s.store.client, err = s.etcdClient(etcdLocal)
	}
	return s, err
}

// loadIdentity reads what all servers share, or makes it at the cluster's first start, and issues this server's certificates.
func (s *server) loadIdentity() (err error) {
	for name, place := range map[string]**authority{
		"server-ca": &s.serverCA, "client-ca": &s.clientCA, "request-header-ca": &s.proxyCA, "etcd/server-ca": &s.etcdServerCA, "etcd/peer-ca": &s.etcdPeerCA,
	} {
		if *place, err = loadAuthority(s.tls(), name); err != nil {
			return err
		}
	}
	if s.tokens, err = loadTokens(s.given, s.path("server"), s.serverCA.pem); err != nil {
		return err
	}
	return s.issueCertificates()
}

func (s *server) tls(parts ...string) string {
	return s.path(append([]string{"server/tls"}, parts...)...)
}

func (s *server) issueCertificates() error {
	masters := []string{"system:masters"}
	_, err := loadKey(s.tls("service.key"))
	return errors.Join(
		err,
		s.serverCA.issue(s.tls(), "serving-kube-apiserver", subject{name: "kube-apiserver", hosts: s.certificateHosts()}),
		s.clientCA.issue(s.tls(), "client-admin", subject{name: "system:admin", groups: masters}),
		s.clientCA.issue(s.tls(), "client-kube-apiserver", subject{name: "system:apiserver", groups: masters}),
		s.clientCA.issue(s.tls(), "client-controller", subject{name: "system:kube-controller-manager"}),
		s.clientCA.issue(s.tls(), "client-scheduler", subject{name: "system:kube-scheduler"}),
		s.proxyCA.issue(s.tls(), "client-auth-proxy", subject{name: "system:auth-proxy"}),
		s.etcdServerCA.issue(s.tls("etcd"), "client", subject{name: "etcd-client"}),
		s.etcdServerCA.issue(s.tls("etcd"), "server-client", subject{name: "etcd-server", hosts: s.certificateHosts()}),
		s.etcdPeerCA.issue(s.tls("etcd"), "peer-server-client", subject{name: "etcd-peer", hosts: s.certificateHosts()}),
	)
}

func (s *server) certificateHosts() []string {
	hosts := []string{
		"localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", s.name, s.serviceCIDR.Addr().Next().String(),
	}
	for _, address := range s.addresses {
		hosts = append(hosts, address.String())
	}
	if s.store.isEtcd {
		hosts = append(hosts, s.store.address)
	}
	return append(append(hosts, s.given.list("tls-san")...), s.given.list("node-external-ip")...)
}

// start returns once the API server is ready and the cluster's own objects are there: that is when k3s says READY.
func (s *server) start() error {
	if err := inOrder(s.writeKubeconfigs, s.serveSupervisor); err != nil {
		return err
	}
	if err := s.startDatastore(); err != nil {
		return err
	}
	if err := s.processes.run([]string{"GOMEMLIMIT=400MiB"}, s.apiServerArguments()...); err != nil {
		return err
	}
	poll(200*time.Millisecond, func() error {
		_, err := s.kube.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(context.Background())
		return err
	})
	logf("info", "Kube API server is now running")
	err := inOrder(
		s.forgetPassword,
		s.clearElections,
		func() error { return s.processes.run(nil, s.controllerArguments()...) },
		func() error { return s.processes.run(nil, s.schedulerArguments()...) },
		s.publishAddresses,
		s.allowControllers,
	)
	if err != nil {
		return err
	}
	s.watchNodes()
	if s.store.isEtcd {
		go s.manageMembers()
		go s.watchRemovals()
		if err := s.scheduleSnapshots(); err != nil {
			return err
		}
	}
	s.processes.isUp.Store(true)
	logf("info", "k3s is up and running")
	return nil
}

func (s *server) writeKubeconfigs() error {
	local := "https://" + apiServerAddress
	for name, client := range map[string]string{"admin": "client-admin", "controller": "client-controller", "scheduler": "client-scheduler"} {
		file := s.path("server/cred", name+".kubeconfig")
		if err := writeKubeconfig(file, 0o600, local, s.tls("server-ca.crt"), s.tls(client)); err != nil {
			return err
		}
	}
	file := s.given.one("write-kubeconfig", defaultKubeconfig)
	mode, err := parseMode(s.given.one("write-kubeconfig-mode", "0600"))
	if err == nil {
		err = writeKubeconfig(file, mode, "https://127.0.0.1:6443", s.tls("server-ca.crt"), s.tls("client-admin"))
	}
	if err != nil {
		return err
	}
	logf("info", "Wrote kubeconfig %s", file)
	s.kube, err = newClient(s.path("server/cred/admin.kubeconfig"))
	return err
}

// extraArguments are the values of KEY-arg settings, which end up on a program's line.
func extraArguments(given settings, name string) []string {
	var arguments []string
	for _, value := range given[name] {
		arguments = append(arguments, "--"+strings.TrimPrefix(value, "--"))
	}
	return arguments
}

// pair is NAME.crt and NAME.key as a program's two flags.
func pair(certFlag, keyFlag, stem string) []string {
	return []string{"--" + certFlag + "=" + stem + ".crt", "--" + keyFlag + "=" + stem + ".key"}
}
