package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// fetchBootstrap takes over what all servers share from a living one, before this one makes anything of its own. A member that its
// data know needs nobody for it (K3S: pkg/cluster/bootstrap.go).
func (s *server) fetchBootstrap() error {
	if s.store.isExternal {
		return s.fetchExternal()
	}
	s.joinURL = strings.TrimSuffix(s.given.one("server", ""), "/")
	if s.joinURL == "" || !s.store.isEtcd || s.store.isInitialized() {
		return nil
	}
	given, err := s.validateToken()
	if err != nil {
		return fmt.Errorf("failed to check if bootstrap data has been initialized: failed to validate token: %w", err)
	}
	logf("info", "Managed etcd cluster not yet initialized")
	if err := s.compareSettings(given); err != nil {
		return fmt.Errorf("failed to validate server configuration: %w", err)
	}
	content, err := s.asServer.fetch(http.MethodGet, s.joinURL+"/v1-k3s/server-bootstrap", nil, nil)
	var answer statusError
	if errors.As(err, &answer) && (answer.code == http.StatusUnauthorized || answer.code == http.StatusForbidden) {
		return errors.New("not authorized")
	}
	if err != nil {
		return err
	}
	return s.writeBootstrap(content, false)
}

// validateToken makes sure of the server, not of the password, which only the server can judge.
func (s *server) validateToken() (token, error) {
	if !strings.HasPrefix(s.joinURL, "https://") {
		return token{}, errors.New("only https:// URLs are supported, invalid scheme: " + s.joinURL)
	}
	text, err := givenSecret(s.given, "token")
	if err != nil {
		return token{}, err
	}
	given, err := parseToken(text, "server")
	if err != nil {
		return token{}, err
	}
	authority, err := visitor(&tls.Config{InsecureSkipVerify: true}).fetch(http.MethodGet, s.joinURL+"/cacerts", nil, nil)
	if err != nil {
		return token{}, fmt.Errorf("failed to get CA certs: %w", err)
	}
	if hash := hashOf(authority); given.caHash != "" && given.caHash != hash {
		return token{}, fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", given.caHash, hash)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	s.asServer = visitor(&tls.Config{RootCAs: roots})
	s.asServer.user, s.asServer.password = "server", given.password
	return given, nil
}

// compareSettings refuses what must be the same on all servers. Like k3s it asks as a node, with the agents' token if it has one, and
// lets the difference pass where the other server does not know that token.
func (s *server) compareSettings(given token) error {
	text, err := givenSecret(s.given, "agent-token")
	if err != nil {
		return err
	}
	asNode := *s.asServer
	asNode.user, asNode.password = "node", given.password
	if text != "" {
		agent, err := parseToken(text, "node")
		if err != nil {
			return err
		}
		asNode.password = agent.password
	}
	content, err := asNode.fetch(http.MethodGet, s.joinURL+"/v1-k3s/config", nil, nil)
	if err != nil {
		logf("warning", "Skipping cluster configuration validation: %v", err)
		return nil
	}
	var theirs clusterSettings
	if err := json.Unmarshal(content, &theirs); err != nil {
		return err
	}
	fields := differences(s.clusterSettings(), theirs)
	for _, field := range fields {
		logf("warning", "critical configuration mismatched: %s", field)
	}
	if len(fields) > 0 {
		return errors.New("critical configuration value mismatch between servers")
	}
	return nil
}

// differences names fields in k3s's way: networks by their differing bytes, the rest by their flags.
func differences(own, theirs clusterSettings) []string {
	var fields []string
	for _, network := range []struct{ name, own, theirs string }{
		{"ClusterIPRange", own.PodCIDR, theirs.PodCIDR}, {"ServiceIPRange", own.ServiceCIDR, theirs.ServiceCIDR},
	} {
		for _, part := range differingBytes(network.own, network.theirs) {
			fields = append(fields, network.name+"s.slice[0]."+part, network.name+"."+part)
		}
	}
	for flag, value := range own.Critical {
		if theirs.Critical[flag] != value {
			fields = append(fields, flag)
		}
	}
	return fields
}

func differingBytes(own, theirs string) []string {
	a, errA := netip.ParsePrefix(own)
	b, errB := netip.ParsePrefix(theirs)
	if errA != nil || errB != nil {
		return nil
	}
	var parts []string
	left, right := a.Addr().As16(), b.Addr().As16()
	for index := range left {
		if left[index] != right[index] {
			parts = append(parts, fmt.Sprintf("IP.slice[%d]", index))
		}
	}
	if a.Bits() != b.Bits() {
		parts = append(parts, "Mask")
	}
	return parts
}

// criticalFlags are those that k3s compares, with what holds where they are not set (K3S: pkg/daemons/config/types.go). The networks
// stand for themselves; secrets-encryption is not in this stand-in.
var criticalFlags = map[string]string{
	"cluster-domain": "cluster.local", "disable-cloud-controller": "false", "disable-helm-controller": "false",
	"disable-network-policy": "false", "embedded-registry": "false", "egress-selector-mode": "agent", "flannel-backend": "vxlan",
	"flannel-ipv6-masq": "false", "flannel-external-ip": "false", "supervisor-metrics": "false",
}
