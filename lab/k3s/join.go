package main

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	nodePasswordFile = "/etc/rancher/node/password"
	requestLimit     = 10 * time.Second
)

// member is a node that the server has let in.
type member struct {
	*node
	serverURL string
	balancer  *balancer
	// apiURL is where the node's own programs find the API server.
	apiURL  string
	cluster clusterSettings
}

// join repeats until the server lets the node in; what stands in the way is logged, and the unit stays in "activating".
func (n *node) join(serverURL string) (*member, error) {
	if !strings.HasPrefix(serverURL, "https://") {
		return nil, errors.New("--server must be an https:// URL")
	}
	if err := os.MkdirAll(n.path("agent"), 0o700); err != nil {
		return nil, err
	}
	given, err := n.joinToken()
	if err != nil {
		return nil, err
	}
	password, err := nodePassword()
	if err != nil {
		return nil, err
	}
	every := 2 * time.Second
	if n.role == "server" {
		every = 200 * time.Millisecond
	}
	m := &member{node: n, serverURL: strings.TrimSuffix(serverURL, "/")}
	m.apiURL = m.serverURL
	if n.role == "agent" {
		if m.balancer, m.apiURL, err = n.serveLoadBalancer(m.serverURL); err != nil {
			return nil, err
		}
	}
	last := ""
	poll(every, func() error {
		err := m.visit(given, password)
		// The same complaint is worth one line; the server's own agent just waits for its API server.
		if err != nil && err.Error() != last && n.role == "agent" {
			last = err.Error()
			logf("error", "%v", err)
		}
		return err
	})
	return m, nil
}

func (n *node) joinToken() (token, error) {
	text, err := givenSecret(n.given, "token")
	if n.role == "server" {
		var content []byte
		content, err = os.ReadFile(n.path("server/token"))
		text = strings.TrimSpace(string(content))
	}
	if err == nil && text == "" {
		err = errors.New("--token is required")
	}
	if err != nil {
		return token{}, err
	}
	return parseToken(text, "node")
}

// visit is one attempt: make sure of the server, show the token, fetch what the node needs.
func (m *member) visit(given token, password string) error {
	insecure := visitor(&tls.Config{InsecureSkipVerify: true}) // the token's hash is what vouches for the answer
	caPEM, err := insecure.fetch(http.MethodGet, m.apiURL+"/cacerts", nil, nil)
	if err != nil {
		return fmt.Errorf("Failed to validate connection to cluster at %s: failed to get CA certs: %w", m.serverURL, err)
	}
	if hash := hashOf(caPEM); given.caHash != "" && given.caHash != hash {
		return fmt.Errorf("Failed to validate connection to cluster at %s: token CA hash does not match the Cluster CA certificate hash: %s != %s",
			m.serverURL, given.caHash, hash)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(caPEM)
	server := visitor(&tls.Config{RootCAs: roots})
	server.user, server.password = given.user, given.password
	settings, err := server.fetch(http.MethodGet, m.apiURL+"/v1-k3s/config", nil, nil)
	if err != nil {
		return fmt.Errorf("Failed to validate connection to cluster at %s: %w", m.serverURL, err)
	}
	if err := json.Unmarshal(settings, &m.cluster); err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(m.path("agent/server-ca.crt"), caPEM, 0o644), os.WriteFile(m.path("agent/client-ca.crt"), m.cluster.ClientCA, 0o644)); err != nil {
		return err
	}
	var addresses []string
	for _, address := range m.addresses {
		addresses = append(addresses, address.String())
	}
	headers := map[string]string{nodeNameHeader: m.name, nodePasswordHeader: password, nodeAddressHeader: strings.Join(addresses, ",")}
	for _, name := range []string{"serving-kubelet", "client-kubelet", "client-kube-proxy", "client-k3s-controller"} {
		if err := m.fetchCertificate(server, name, headers); err != nil {
			return fmt.Errorf("Waiting to retrieve agent configuration; server is not ready: %w", err)
		}
	}
	return nil
}

var errRejected = errors.New("Node password rejected, duplicate hostname or contents of '" + nodePasswordFile +
	"' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag")

// fetchCertificate has a fresh key's request signed; the key itself stays here.
func (m *member) fetchCertificate(server *visit, name string, headers map[string]string) error {
	key, err := newKey(m.path("agent", name+".key"))
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: m.name}}, key)
	if err != nil {
		return err
	}
	certificate, err := server.fetch(http.MethodPost, m.apiURL+"/v1-k3s/"+name+".crt", encode("CERTIFICATE REQUEST", der), headers)
	var answer statusError
	if errors.As(err, &answer) && answer.code == http.StatusForbidden {
		return errRejected
	}
	if err != nil {
		return err
	}
	return os.WriteFile(m.path("agent", name+".crt"), certificate, 0o644)
}

type visit struct {
	http.Client
	user, password string
}

type statusError struct {
	code int
	text string
}

func (e statusError) Error() string { return e.text }

func visitor(trust *tls.Config) *visit {
	return &visit{Client: http.Client{Timeout: requestLimit, Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}}
}

func (v *visit) fetch(method, url string, body []byte, headers map[string]string) ([]byte, error) {
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	if v.user != "" {
		request.SetBasicAuth(v.user, v.password)
	}
	response, err := v.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = statusError{response.StatusCode, fmt.Sprintf("%s: %s: %s", url, response.Status, strings.TrimSpace(string(content)))}
	}
	return content, err
}

// nodePassword is made once for a host, and outlives k3s.
func nodePassword() (string, error) {
	content, err := os.ReadFile(nodePasswordFile)
	if err == nil {
		return strings.TrimSpace(string(content)), nil
	}
	password := randomHex(16)
	return password, errors.Join(os.MkdirAll(filepath.Dir(nodePasswordFile), 0o755), os.WriteFile(nodePasswordFile, []byte(password+"\n"), 0o600))
}
