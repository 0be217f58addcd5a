package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

const (
	userHeader  = "X-Remote-User"
	groupHeader = "X-Remote-Group"
)

// clusterSettings is what a joining node learns from the server.
type clusterSettings struct {
	PodCIDR     string `json:"podCIDR"`
	ServiceCIDR string `json:"serviceCIDR"`
	ClusterDNS  string `json:"clusterDNS"`
	Domain      string `json:"domain"`
	Backend     string `json:"backend"`
	// NodePortRange and DisableNPC concern the network policy controller.
	NodePortRange string `json:"nodePortRange"`
	DisableNPC    bool   `json:"disableNPC"`
	ClientCA      []byte `json:"clientCA"`
	// Critical are flags that servers must agree on.
	Critical map[string]string `json:"critical"`
}

// serveSupervisor listens where k3s does, on one port for everything: what joining nodes ask for, and the API for everyone.
func (s *server) serveSupervisor() error {
	certificate, err := tls.LoadX509KeyPair(s.tls("serving-kube-apiserver.crt"), s.tls("serving-kube-apiserver.key"))
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	clients.AddCert(s.clientCA.certificate)
	proxy, err := s.apiProxy()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", proxy)
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "pong") })
	mux.HandleFunc("GET /cacerts", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(s.serverCA.pem) })
	mux.HandleFunc("GET /v1-k3s/config", s.withToken(s.tellSettings))
	mux.HandleFunc("GET /v1-k3s/server-bootstrap", s.withToken(s.onlyServers(s.tellBootstrap)))
	mux.HandleFunc("PUT /v1-k3s/token", s.withToken(s.onlyServers(s.rotateToken)))
	mux.HandleFunc("POST /db/snapshot", s.withToken(s.onlyServers(s.handleSnapshot)))
	mux.HandleFunc("GET /db/info", s.withToken(s.onlyServers(s.tellMembers)))
	mux.HandleFunc("POST /v1-k3s/serving-kubelet.crt", s.withToken(s.withNode(s.signServing)))
	mux.HandleFunc("POST /v1-k3s/client-kubelet.crt", s.withToken(s.withNode(s.signClient)))
	mux.HandleFunc("POST /v1-k3s/client-kube-proxy.crt", s.withToken(s.signFor("system:kube-proxy")))
	mux.HandleFunc("POST /v1-k3s/client-k3s-controller.crt", s.withToken(s.signFor(controllerUser)))
	address := net.JoinHostPort(s.given.one("bind-address", ""), s.given.one("https-listen-port", "6443"))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("preparing server: failed to start supervisor listener: %w", err)
	}
	front := &http.Server{Handler: mux, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientCAs: clients, ClientAuth: tls.VerifyClientCertIfGiven,
	}}
	go func() { s.processes.ended <- front.ServeTLS(listener, "", "") }()
	return nil
}

// apiProxy hands requests to the API server, which learns who is asking in the way meant for such proxies: by headers that only the
// holder of the front proxy's certificate may set.
func (s *server) apiProxy() (http.Handler, error) {
	certificate, err := tls.LoadX509KeyPair(s.tls("client-auth-proxy.crt"), s.tls("client-auth-proxy.key"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.serverCA.certificate)
	toServer := func() *tls.Config { return &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}} }
	return &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(&url.URL{Scheme: "https", Host: apiServerAddress})
			for name := range request.Out.Header {
				if strings.HasPrefix(name, "X-Remote-") {
					request.Out.Header.Del(name)
				}
			}
			if chains := request.In.TLS.VerifiedChains; len(chains) > 0 {
				who := chains[0][0].Subject
				request.Out.Header.Set(userHeader, who.CommonName)
				request.Out.Header[groupHeader] = who.Organization
			}
		},
		Transport: byProtocol{
			plain:    &http.Transport{TLSClientConfig: toServer(), ForceAttemptHTTP2: true},
			upgraded: &http.Transport{TLSClientConfig: toServer(), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}},
		},
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "apiserver not ready: "+err.Error(), http.StatusServiceUnavailable)
		},
	}, nil
}

// byProtocol keeps exec, attach and port-forward on HTTP/1.1, the only version with their protocol upgrade.
type byProtocol struct{ plain, upgraded http.RoundTripper }

func (b byProtocol) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Header.Get("Upgrade") != "" {
		return b.upgraded.RoundTrip(request)
	}
	return b.plain.RoundTrip(request)
}

func (s *server) withToken(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		user, password, given := request.BasicAuth()
		if wanted, known := s.passwordOf(user); !given || !known || password != wanted {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		next(w, request)
	}
}

func (s *server) tellSettings(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(s.clusterSettings())
}

func (s *server) clusterSettings() clusterSettings {
	dns := s.serviceCIDR.Addr()
	for range 10 {
		dns = dns.Next()
	}
	found := clusterSettings{
		PodCIDR: s.podCIDR.String(), ServiceCIDR: s.serviceCIDR.String(), ClusterDNS: s.given.one("cluster-dns", dns.String()),
		Domain: s.given.one("cluster-domain", "cluster.local"), Backend: s.given.one("flannel-backend", "vxlan"),
		NodePortRange: s.nodePortRange(), DisableNPC: s.isSet("disable-network-policy"), Critical: map[string]string{},
	}
	if s.clientCA != nil {
		found.ClientCA = s.clientCA.pem
	}
	for flag, otherwise := range criticalFlags {
		found.Critical[flag] = s.given.one(flag, otherwise)
	}
	found.Critical["cluster-dns"] = found.ClusterDNS
	return found
}

func (s *server) signServing(w http.ResponseWriter, request *http.Request) {
	name := request.Header.Get(nodeNameHeader)
	hosts := append([]string{name, "localhost", "127.0.0.1"}, strings.Split(request.Header.Get(nodeAddressHeader), ",")...)
	signRequest(w, request, s.serverCA, subject{name: name, hosts: hosts})
}

func (s *server) signClient(w http.ResponseWriter, request *http.Request) {
	name := "system:node:" + request.Header.Get(nodeNameHeader)
	signRequest(w, request, s.clientCA, subject{name: name, groups: []string{"system:nodes"}})
}

func (s *server) signFor(user string) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		signRequest(w, request, s.clientCA, subject{name: user})
	}
}

func signRequest(w http.ResponseWriter, request *http.Request, ca *authority, who subject) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<16))
	block, _ := pem.Decode(body)
	if err == nil && block == nil {
		err = errors.New("no certificate request in the body")
	}
	var asked *x509.CertificateRequest
	if err == nil {
		asked, err = x509.ParseCertificateRequest(block.Bytes)
	}
	var certificate []byte
	if err == nil {
		certificate, err = ca.sign(who, asked.PublicKey)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write(certificate)
}
