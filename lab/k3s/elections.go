package main

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// electLeader is for programs of which only one may act in a cluster. Whoever has SQLite is alone (K3S: pkg/cluster/cluster.go).
func (s *server) electLeader() string {
	if s.store.isShared() {
		return "--leader-elect=true"
	}
	return "--leader-elect=false"
}

// clearElections spares the only server the wait for its own lease of before the restart, 15 seconds in k3s. With others there is
// somebody who may hold it.
func (s *server) clearElections() error {
	if !s.store.isEtcd {
		return nil
	}
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	members, err := s.store.client.MemberList(limited)
	if err != nil || len(members.Members) > 1 {
		return err
	}
	for _, name := range []string{"kube-controller-manager", "kube-scheduler", removalLease} {
		err := s.kube.CoordinationV1().Leases("kube-system").Delete(limited, name, meta.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}
