package main

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
)

// server is the control plane of one node: the datastore, the API server behind the supervisor's port, controllers and scheduler.
type server struct {
	*node
	clientCA, serverCA, proxyCA *authority
	tokens                      tokens
	kube                        kubernetes.Interface
	podCIDR, serviceCIDR        netip.Prefix
}

const (
	apiServerAddress = "127.0.0.1:6444"
	etcdClients      = "http://127.0.0.1:2379"
	etcdPeers        = "http://127.0.0.1:2380"
)

func (n *node) newServer() (*server, error) {
	s := &server{node: n}
	folder := s.tls()
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.MkdirAll(n.path("server/db/etcd"), 0o700)); err != nil {
		return nil, err
	}
	var err error
	for name, place := range map[string]**authority{"server-ca": &s.serverCA, "client-ca": &s.clientCA, "request-header-ca": &s.proxyCA} {
		if *place, err = loadAuthority(folder, name); err != nil {
			return nil, err
		}
	}
	if s.tokens, err = loadTokens(n.given, n.path("server"), s.serverCA.pem); err != nil {
		return nil, err
	}
	if s.podCIDR, err = netip.ParsePrefix(n.given.one("cluster-cidr", "10.42.0.0/16")); err != nil {
		return nil, err
	}
	if s.serviceCIDR, err = netip.ParsePrefix(n.given.one("service-cidr", "10.43.0.0/16")); err != nil {
		return nil, err
	}
	return s, s.issueCertificates()
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
	return append(append(hosts, s.given.list("tls-san")...), s.given.list("node-external-ip")...)
}

// start returns once the API server is ready and the cluster's own objects are there: that is when k3s says READY.
func (s *server) start() error {
	if err := inOrder(s.writeKubeconfigs, s.serveSupervisor); err != nil {
		return err
	}
	if err := s.processes.run(nil, s.etcdArguments()...); err != nil {
		return err
	}
	// An API server that finds no database waits a second before it looks again.
	poll(20*time.Millisecond, func() error { return canDial("tcp", etcdClients[len("http://"):]) })
	if err := s.processes.run([]string{"GOMEMLIMIT=400MiB"}, s.apiServerArguments()...); err != nil {
		return err
	}
	poll(200*time.Millisecond, func() error {
		_, err := s.kube.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(context.Background())
		return err
	})
	logf("info", "Kube API server is now running")
	if err := errors.Join(s.processes.run(nil, s.controllerArguments()...), s.processes.run(nil, s.schedulerArguments()...)); err != nil {
		return err
	}
	if err := errors.Join(s.publishAddress(), s.allowControllers()); err != nil {
		return err
	}
	s.watchNodes()
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
