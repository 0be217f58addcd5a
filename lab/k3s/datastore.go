package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// datastore is where the cluster's objects are: a member of an etcd of one or several servers, an etcd of its own that stands in
// for SQLite and whose file is server/db/state.db, or a database elsewhere.
type datastore struct {
	isEtcd       bool
	isExternal   bool
	folder, file string
	// endpoint is that of an SQLite which kine keeps; of a database elsewhere it stands in the settings.
	endpoint string
	// name and address are the member's; an etcd that stands in for SQLite has none of its own.
	name, address string
	client        *clientv3.Client
}

const (
	sqliteClients = "http://127.0.0.1:2379"
	sqlitePeers   = "http://127.0.0.1:2380"
	etcdLocal     = "https://127.0.0.1:2379"
)

// chooseDatastore goes by what is on disk before it goes by the settings (K3S: pkg/cluster/managed.go).
func (s *server) chooseDatastore() error {
	token, err := givenSecret(s.given, "token")
	if err != nil {
		return err
	}
	s.store = &datastore{folder: s.path("server/db/etcd"), file: s.path("server/db/state.db")}
	if endpoint := s.given.one("datastore-endpoint", ""); endpoint != "" && !s.store.isInitialized() {
		return s.chooseExternal(endpoint)
	}
	joins := token != "" && s.given.one("server", "") != ""
	s.store.isEtcd = s.store.isInitialized() || s.isSet("cluster-init") || s.isSet("cluster-reset") || joins
	if !s.store.isEtcd {
		return s.chooseSQLite()
	}
	s.store.address = s.memberAddress()
	if err := s.store.leaveCluster(s.given.one("server", "")); err != nil {
		return fmt.Errorf("preparing server: failed to start supervisor listener: %w", err)
	}
	if !s.store.isInitialized() && s.given.one("server", "") == "" {
		if err := s.store.migrateFile(s.path("server/db/kine")); err != nil {
			return fmt.Errorf("starting kubernetes: preparing server: start managed database: failed to migrate content from sqlite to etcd: %w", err)
		}
	}
	return s.store.setName(s.name, false)
}

// isInitialized goes by the log, like k3s.
func (d *datastore) isInitialized() bool {
	info, err := os.Stat(filepath.Join(d.folder, "member/wal"))
	return err == nil && info.IsDir()
}

// setName reads the member's name, or makes one: two members of one node are two names.
func (d *datastore) setName(node string, again bool) error {
	file := filepath.Join(d.folder, "name")
	if text, err := os.ReadFile(file); err == nil && !again {
		d.name = string(text)
		return nil
	}
	d.name = node + "-" + randomHex(4)
	return errors.Join(os.MkdirAll(d.folder, 0o700), os.WriteFile(file, []byte(d.name), 0o600))
}

func (d *datastore) peerURL() string   { return "https://" + net.JoinHostPort(d.address, "2380") }
func (d *datastore) clientURL() string { return "https://" + net.JoinHostPort(d.address, "2379") }

// etcdSettings are the settings of etcd's file that k3s and this stand-in give it.
type etcdSettings map[string]any

// writeSettings writes etcd's file where k3s does, with what etcd-arg adds.
func (s *server) writeSettings(settings etcdSettings) (string, error) {
	for name, value := range map[string]any{
		"data-dir": s.store.folder, "log-level": "error", "log-outputs": []string{"stderr"}, "quota-backend-bytes": 268435456,
		// A lab host's power-off leaves the kernel's cache alone, so nothing is lost; several of them syncing one disk would be slow.
		"unsafe-no-fsync": true,
	} {
		settings[name] = value
	}
	for _, value := range s.given["etcd-arg"] {
		name, text, _ := strings.Cut(strings.TrimPrefix(value, "--"), "=")
		settings[name] = text
		if number, err := strconv.Atoi(text); err == nil {
			settings[name] = number
		} else if truth, err := strconv.ParseBool(text); err == nil {
			settings[name] = truth
		}
	}
	content, err := json.Marshal(settings)
	if err != nil {
		return "", err
	}
	file := filepath.Join(s.store.folder, "config")
	return file, errors.Join(os.MkdirAll(s.store.folder, 0o700), os.WriteFile(file, content, 0o600))
}

func (s *server) runEtcd(settings etcdSettings) error {
	file, err := s.writeSettings(settings)
	if err != nil {
		return err
	}
	return s.processes.run(nil, "etcd", file)
}

// sqliteSettings are those of an etcd that waits only for itself.
func sqliteSettings() etcdSettings {
	return etcdSettings{
		"name": "default", "listen-client-urls": sqliteClients, "advertise-client-urls": sqliteClients, "listen-peer-urls": sqlitePeers,
		"initial-advertise-peer-urls": sqlitePeers, "initial-cluster": "default=" + sqlitePeers,
		"heartbeat-interval": 20, "election-timeout": 200,
	}
}

// datastoreArguments are the API server's.
func (s *server) datastoreArguments() []string {
	if s.store.isExternal {
		return []string{"--etcd-servers=unix://" + s.store.socket()}
	}
	if !s.store.isEtcd {
		return []string{"--etcd-servers=" + sqliteClients}
	}
	return append(pair("etcd-certfile", "etcd-keyfile", s.tls("etcd/client")), "--etcd-servers="+etcdLocal, "--etcd-cafile="+s.tls("etcd/server-ca.crt"))
}

// startDatastore returns once it answers.
func (s *server) startDatastore() error {
	if s.store.isEtcd {
		return s.startMember()
	}
	if s.store.isExternal {
		return s.startExternal()
	}
	if err := s.runEtcd(sqliteSettings()); err != nil {
		return err
	}
	// An API server that finds no database waits a second before it looks again.
	// Etcd listens before it has made its file.
	poll(20*time.Millisecond, func() error {
		_, err := os.Stat(s.store.backend())
		return errors.Join(err, canDial("tcp", sqliteClients[len("http://"):]))
	})
	return inOrder(s.store.showFile, s.writePasswords)
}
