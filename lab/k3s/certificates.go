package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const year = 365 * 24 * time.Hour

// authority is a certificate authority of the cluster, kept in the data folder.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

// loadAuthority reads an authority, or makes it at the cluster's first start.
func loadAuthority(folder, name string) (*authority, error) {
	certFile, keyFile := filepath.Join(folder, name+".crt"), filepath.Join(folder, name+".key")
	if certPEM, err := os.ReadFile(certFile); err == nil {
		keyPEM, err := os.ReadFile(keyFile)
		if err != nil {
			return nil, err
		}
		certificate, err := parseCertificate(certPEM)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", certFile, err)
		}
		key, err := parseKey(keyPEM)
		return &authority{certificate, key, certPEM}, err
	}
	key, err := newKey(keyFile)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: fmt.Sprintf("k3s-%s@%d", name, time.Now().Unix())},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(10 * year),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	certPEM := encode("CERTIFICATE", der)
	return &authority{certificate, key, certPEM}, os.WriteFile(certFile, certPEM, 0o644)
}

// subject is who a certificate speaks for, and where it serves.
type subject struct {
	name   string
	groups []string
	hosts  []string
}

// sign makes a certificate for a public key, good for a client, and for a server too where it names hosts.
func (a *authority) sign(who subject, public crypto.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 62))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: who.name, Organization: who.groups},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(year), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if len(who.hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, host := range who.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, public, a.key)
	return encode("CERTIFICATE", der), err
}

// issue writes NAME.crt and NAME.key unless those that are there last and still speak for the same (K3S: pkg/daemons/control/deps/deps.go,
// createClientCertKey).
func (a *authority) issue(folder, name string, who subject) error {
	if a.holds(folder, name, who) {
		return nil
	}
	key, err := newKey(filepath.Join(folder, name+".key"))
	if err != nil {
		return err
	}
	certificate, err := a.sign(who, key.Public())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".crt"), certificate, 0o644)
}

// renewWithin is how long before its end a certificate is made again at a start (K3S: pkg/daemons/config/types.go, CertificateRenewDays).
const renewWithin = 120 * 24 * time.Hour

func (a *authority) holds(folder, name string, who subject) bool {
	text, err := os.ReadFile(filepath.Join(folder, name+".crt"))
	if err != nil {
		return false
	}
	if _, err := os.Stat(filepath.Join(folder, name+".key")); err != nil {
		return false
	}
	certificate, err := parseCertificate(text)
	if err != nil {
		return false
	}
	hosts := slices.Clone(certificate.DNSNames)
	for _, address := range certificate.IPAddresses {
		hosts = append(hosts, address.String())
	}
	groups, wanted := slices.Sorted(slices.Values(certificate.Subject.Organization)), slices.Sorted(slices.Values(who.groups))
	lacks := func(host string) bool { return !slices.Contains(hosts, host) }
	return time.Until(certificate.NotAfter) > renewWithin && certificate.Subject.CommonName == who.name && slices.Equal(groups, wanted) &&
		!slices.ContainsFunc(who.hosts, lacks) && bytes.Equal(certificate.AuthorityKeyId, a.certificate.SubjectKeyId)
}

// newKey makes a key and keeps it in a file.
func newKey(file string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(file, encode("EC PRIVATE KEY", der), 0o600)
}

func loadKey(file string) (crypto.Signer, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return newKey(file)
	}
	return parseKey(text)
}

func parseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block in the key file")
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block in the certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
