package main

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// tombstone marks the data of a member that was removed from its cluster (K3S: pkg/executor/embed/etcd).
const tombstone = "tombstone"

var errMemberRemoved = errors.New("This node has been removed from the cluster - please restart k3s to rejoin the cluster")

// runEtcd is one member until it is told to stop. It ends by itself where it was removed from its cluster.
func runEtcd(configFile string) error {
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM, syscall.SIGINT)
	config, err := embed.ConfigFromFile(configFile)
	if err != nil {
		return err
	}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	for {
		select {
		case <-stopped:
			etcd.Close()
			return nil
		case <-etcd.Server.StopNotify():
			return leaveTombstone(etcd, config.Dir)
		case err := <-etcd.Err():
			// What serves clients may find out first.
			select {
			case <-etcd.Server.StopNotify():
				return leaveTombstone(etcd, config.Dir)
			case <-time.After(limit):
				return err
			}
		}
	}
}

// leaveTombstone is the end of a removed member: for no other reason does etcd's server stop by itself
// (go.etcd.io/etcd/server: etcdserver/server.go, errorc and shouldStop). One that finds out when it starts leaves no mark: k3s and etcd
// read that error from one channel, and etcd is mostly first then.
func leaveTombstone(etcd *embed.Etcd, folder string) error {
	var err error
	select {
	case <-etcd.Server.ReadyNotify():
		err = os.WriteFile(filepath.Join(folder, tombstone), nil, 0o600)
	default:
	}
	etcd.Close()
	return errors.Join(err, errMemberRemoved)
}
