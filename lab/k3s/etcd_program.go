package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"syscall"
	"time"
	"unsafe"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/raft/v3"
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
	go leadAlone(etcd.Server)
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

// leadAlone makes the only member the leader at once: with k3s's election timeout it would wait for up to five seconds, which is
// nothing beside a start of k3s and much beside one of this stand-in. etcd tells nobody outside how to campaign.
func leadAlone(server *etcdserver.EtcdServer) {
	field := reflect.ValueOf(server).Elem().FieldByName("r").FieldByName("Node")
	node := reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Interface().(raft.Node)
	for server.Leader() == 0 && len(server.Cluster().Members()) <= 1 {
		limited, cancel := context.WithTimeout(context.Background(), limit)
		err := node.Campaign(limited)
		cancel()
		if err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
