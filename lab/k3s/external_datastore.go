package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// kineProgram is k3s's own way to SQL databases, as a program of its own (../tools/go/kine): k3s has it within itself.
const kineProgram = "/usr/lib/kine/kine"

// datastoreVariables are for kine alone: an endpoint holds a password.
var datastoreVariables = map[string]string{
	"K3S_DATASTORE_ENDPOINT": "datastore-endpoint", "K3S_DATASTORE_CAFILE": "datastore-cafile",
	"K3S_DATASTORE_CERTFILE": "datastore-certfile", "K3S_DATASTORE_KEYFILE": "datastore-keyfile",
}

// chooseExternal takes the datastore that the settings name; no word of the endpoint may be said.
func (s *server) chooseExternal(endpoint string) error {
	scheme, _, found := strings.Cut(endpoint, "://")
	if !found {
		return errors.New("starting kubernetes: preparing server: creating storage endpoint: failed to create driver for configured endpoint: invalid datastore endpoint; endpoint should be a DSN URI in the format <scheme>://<authority>")
	}
	switch scheme {
	case "postgres", "postgresql", "mysql":
	default:
		return fmt.Errorf("starting kubernetes: preparing server: creating storage endpoint: failed to create driver for configured endpoint: unknown driver (this stand-in for k3s has no %s)", scheme)
	}
	s.store = &datastore{isExternal: true, folder: s.path("server")}
	return nil
}

func (d *datastore) socket() string { return d.folder + "/kine.sock" }

// openExternal returns once kine answers. What it says while the database does not let it in, stands in the journal; it ends by itself
// after five minutes, and k3s with it.
func (s *server) openExternal() error {
	var environment []string
	if s.store.endpoint != "" {
		environment = append(environment, "K3S_DATASTORE_ENDPOINT="+s.store.endpoint)
	}
	for variable, name := range datastoreVariables {
		if value := s.given.one(name, ""); value != "" {
			environment = append(environment, variable+"="+value)
		}
	}
	if err := s.processes.run(environment, kineProgram, "unix://"+s.store.socket()); err != nil {
		return err
	}
	poll(50*time.Millisecond, func() error { return canDial("unix", s.store.socket()) })
	logf("info", "Kine available at unix://kine.sock")
	var err error
	s.store.client, err = clientv3.New(clientv3.Config{Endpoints: []string{"unix://" + s.store.socket()}, DialTimeout: 2 * time.Second, Logger: zap.NewNop()})
	return err
}

// startExternal leaves in the datastore what other servers need, where there is nothing yet.
func (s *server) startExternal() error {
	err := s.saveBootstrap()
	var younger fatal
	if errors.As(err, &younger) {
		return younger
	}
	if err != nil {
		return fmt.Errorf("preparing server: failed to save bootstrap data: %w", err)
	}
	return nil
}

// isShared tells whether other servers may have the same objects.
func (d *datastore) isShared() bool { return d.isEtcd || d.isExternal && d.endpoint == "" }

// put writes a key as kine takes it: only as what follows what was there.
func (d *datastore) put(limited context.Context, key, value string, options ...clientv3.OpOption) error {
	if d.isEtcd {
		_, err := d.client.Put(limited, key, value, options...)
		return err
	}
	found, err := d.client.Get(limited, key)
	if err != nil {
		return err
	}
	write := clientv3.OpPut(key, value, options...)
	step := d.client.Txn(limited)
	if len(found.Kvs) == 0 {
		_, err = step.If(clientv3.Compare(clientv3.ModRevision(key), "=", 0)).Then(write).Commit()
		return err
	}
	_, err = step.If(clientv3.Compare(clientv3.ModRevision(key), "=", found.Kvs[0].ModRevision)).Then(write).Else(clientv3.OpGet(key)).Commit()
	return err
}
