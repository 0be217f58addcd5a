package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// bootstrapFile is one of those that are the same on all servers: the authorities, the key of service accounts.
type bootstrapFile struct {
	Timestamp time.Time
	Content   []byte
}

// bootstrapPaths names them as k3s does (K3S: pkg/daemons/config/types.go).
func (s *server) bootstrapPaths() map[string]string {
	paths := map[string]string{"ServiceKey": s.tls("service.key"), "PasswdFile": s.passwordFile()}
	for name, stem := range map[string]string{
		"ServerCA": "server-ca", "ClientCA": "client-ca", "RequestHeaderCA": "request-header-ca", "ETCDServerCA": "etcd/server-ca", "ETCDPeerCA": "etcd/peer-ca",
	} {
		paths[name], paths[name+"Key"] = s.tls(stem+".crt"), s.tls(stem+".key")
	}
	return paths
}

func (s *server) readBootstrap() ([]byte, error) {
	files := map[string]bootstrapFile{}
	for name, path := range s.bootstrapPaths() {
		file, err := readBootstrapFile(path)
		if err != nil {
			return nil, err
		}
		if file != nil {
			files[name] = *file
		}
	}
	return json.Marshal(files)
}

// writeBootstrap replaces what differs here and is no younger; what is younger must not get lost unasked.
func (s *server) writeBootstrap(content []byte, force bool) error {
	files := map[string]bootstrapFile{}
	if err := json.Unmarshal(content, &files); err != nil {
		return err
	}
	if !force {
		if err := s.refuseYounger(files); err != nil {
			return err
		}
	}
	for name, path := range s.bootstrapPaths() {
		file, given := files[name]
		if !given {
			return fmt.Errorf("the bootstrap data lack %s", name)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, file.Content, 0o600)); err != nil {
			return err
		}
		if err := os.Chtimes(path, file.Timestamp, file.Timestamp); err != nil {
			return err
		}
	}
	return nil
}

// isYoungerThan allows for clocks that differ by three seconds, as k3s does.
func (f *bootstrapFile) isYoungerThan(other bootstrapFile) bool {
	return f != nil && !bytes.Equal(f.Content, other.Content) && f.Timestamp.Unix()-other.Timestamp.Unix() >= 3
}

const bootstrapPrefix = "/bootstrap"

// bootstrapKey tells the token's owner where to look and nobody what the token is.
func bootstrapKey(password string) string {
	return bootstrapPrefix + "/" + hashOf([]byte(password))[:12]
}

var errOtherToken = errors.New("bootstrap data already found and encrypted with different token")

// findBootstrap gives what the datastore has for this token; nothing where it has none for any, or but a lock (external_bootstrap.go).
func (s *server) findBootstrap(limited context.Context) ([]byte, error) {
	found, err := s.store.client.Get(limited, bootstrapPrefix, clientv3.WithPrefix())
	if err != nil || len(found.Kvs) == 0 {
		return nil, err
	}
	for _, pair := range found.Kvs {
		if string(pair.Key) == bootstrapKey(s.tokens["server"]) {
			if len(pair.Value) == 0 {
				return nil, nil
			}
			return unseal(s.tokens["server"], string(pair.Value))
		}
	}
	return nil, errOtherToken
}

// saveBootstrap leaves in the datastore what a restore on a new host needs; only the server token opens it.
func (s *server) saveBootstrap() error {
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	found, err := s.findBootstrap(limited)
	if err != nil {
		return err
	}
	if found != nil {
		return inOrder(func() error { return s.compareBootstrap(found) }, s.writePasswords)
	}
	if err := s.writePasswords(); err != nil {
		return err
	}
	content, err := s.readBootstrap()
	if err != nil {
		return err
	}
	sealed, err := seal(s.tokens["server"], content)
	if err != nil {
		return err
	}
	return s.store.put(limited, bootstrapKey(s.tokens["server"]), sealed)
}

// compareBootstrap refuses a start with files that are younger than what all servers share. The tokens of this start's settings are not
// in them yet: k3s too compares before it writes those.
func (s *server) compareBootstrap(found []byte) error {
	files := map[string]bootstrapFile{}
	if err := json.Unmarshal(found, &files); err != nil {
		return err
	}
	return s.refuseYounger(files)
}

func (s *server) refuseYounger(files map[string]bootstrapFile) error {
	var younger []string
	for name, path := range s.bootstrapPaths() {
		own, err := readBootstrapFile(path)
		if err != nil {
			return err
		}
		if own.isYoungerThan(files[name]) {
			younger = append(younger, path)
		}
	}
	if len(younger) == 0 {
		return nil
	}
	slices.Sort(younger)
	return fatal{strings.Join(younger, ", ") + " newer than datastore and could cause a cluster outage. Remove the file(s) from disk and restart to be recreated from datastore."}
}

// sealer's key is as slow to guess as k3s's (K3S: pkg/cluster/encrypt.go).
func sealer(password, salt string) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha1.New, password, []byte(salt), 4096, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(password string, content []byte) (string, error) {
	salt := randomHex(8)
	box, err := sealer(password, salt)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, box.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	return salt + ":" + base64.StdEncoding.EncodeToString(box.Seal(nonce, nonce, content, nil)), nil
}

func unseal(password, sealed string) ([]byte, error) {
	salt, text, _ := strings.Cut(sealed, ":")
	box, err := sealer(password, salt)
	if err != nil {
		return nil, err
	}
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	if len(content) < box.NonceSize() {
		return nil, errors.New("the bootstrap data are cut short")
	}
	return box.Open(nil, content[:box.NonceSize()], content[box.NonceSize():], nil)
}
