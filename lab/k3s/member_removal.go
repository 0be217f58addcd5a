package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const (
	// removalLease is whose holder takes members of deleted Nodes out of etcd.
	removalLease     = "k3s-etcd"
	removalFinalizer = "wrangler.cattle.io/managed-etcd-controller"
	removeMember     = "etcd.k3s.cattle.io/remove"
	removalLimit     = time.Minute
)

// watchRemovals is done by one server at a time. The next waits as long as in k3s for one that went without a word, and so does a
// Node that is deleted meanwhile.
func (s *server) watchRemovals() {
	lock := &resourcelock.LeaseLock{
		LeaseMeta: meta.ObjectMeta{Namespace: "kube-system", Name: removalLease}, Client: s.kube.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: s.name + "_" + randomHex(8)},
	}
	leaderelection.RunOrDie(context.Background(), leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: 45 * time.Second, RenewDeadline: 30 * time.Second, RetryPeriod: 2 * time.Second, Name: removalLease,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: s.removeMembers,
			OnStoppedLeading: func() { s.processes.ended <- fatal{"leaderelection lost for " + removalLease} },
		},
	})
}

// removeMembers looks at every Node again and again, so that what failed is done again.
func (s *server) removeMembers(leading context.Context) {
	logf("info", "Starting managed etcd member removal controller")
	last := ""
	for leading.Err() == nil {
		nodes, err := s.nodes.List(labels.Everything())
		for _, node := range nodes {
			err = errors.Join(err, s.tendRemoval(leading, node))
		}
		if err != nil && err.Error() != last {
			last = err.Error()
			logf("error", "error syncing nodes for managed-etcd-controller: %v", err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// tendRemoval holds every Node until its member, if it has one, is out (K3S: pkg/etcd/member_controller.go).
func (s *server) tendRemoval(leading context.Context, node *core.Node) error {
	limited, cancel := context.WithTimeout(leading, removalLimit)
	defer cancel()
	isHeld := slices.Contains(node.Finalizers, removalFinalizer)
	switch {
	case node.DeletionTimestamp == nil && !isHeld:
		return s.setFinalizers(limited, node, append(slices.Clone(node.Finalizers), removalFinalizer))
	case node.DeletionTimestamp != nil && isHeld:
		if node.Labels[etcdRole] == "true" {
			if err := s.removePeer(limited, node, "node delete"); err != nil {
				return err
			}
		}
		return s.setFinalizers(limited, node, without(node.Finalizers, removalFinalizer))
	case node.DeletionTimestamp == nil && node.Labels[etcdRole] == "true" && node.Annotations[removeMember] != "":
		return s.tendAnnotation(limited, node)
	}
	return nil
}

// tendAnnotation takes a member out whose Node stays. The wish stays too: a member that comes back under another name is taken out again
// (facts/several-servers.md).
func (s *server) tendAnnotation(limited context.Context, node *core.Node) error {
	if strings.ToLower(node.Annotations[removeMember]) != "true" {
		return nil
	}
	err := s.removePeer(limited, node, "remove annotation")
	if errors.Is(err, rpctypes.ErrMemberNotEnoughStarted) {
		logf("error", "etcd member removal rejected, clearing remove annotation: %v", err)
		return s.patchNode(limited, node, map[string]any{"annotations": map[string]any{removeMember: nil}})
	}
	return err
}

// removePeer moves the leadership away first, and takes a member out that is gone already for done.
func (s *server) removePeer(limited context.Context, node *core.Node, reason string) error {
	name, address := node.Annotations[memberName], node.Annotations[memberAddress]
	if name == "" || address == "" {
		return fmt.Errorf("node name or address annotation for node %s not found", node.Name)
	}
	members, err := s.store.client.MemberList(limited)
	if err != nil {
		return err
	}
	for _, member := range members.Members {
		if member.Name != name {
			continue
		}
		logf("info", "Removing etcd member from cluster due to %s", reason)
		if err := s.moveLeader(limited, member, members.Members); err != nil {
			return err
		}
		logf("info", "Removing name=%s id=%d address=%s from etcd", name, member.ID, address)
		if _, err = s.store.client.MemberRemove(limited, member.ID); errors.Is(err, rpctypes.ErrMemberNotFound) {
			return nil
		}
		return err
	}
	return nil
}

func (s *server) moveLeader(limited context.Context, from *etcdserverpb.Member, all []*etcdserverpb.Member) error {
	status, err := s.store.client.Status(limited, etcdLocal)
	if err != nil || status.Leader != from.ID {
		return err
	}
	for _, to := range all {
		if to.ID == from.ID || to.IsLearner {
			continue
		}
		client, err := s.etcdClient(from.ClientURLs...)
		if err != nil {
			return err
		}
		defer client.Close()
		logf("info", "Moving etcd cluster leader from %s to %s", from.Name, to.Name)
		_, err = client.MoveLeader(limited, to.ID)
		return err
	}
	return rpctypes.ErrMemberNotEnoughStarted
}

// setFinalizers names the version that it saw, so that nobody else's finalizer is lost.
func (s *server) setFinalizers(limited context.Context, node *core.Node, finalizers []string) error {
	return s.patchNode(limited, node, map[string]any{"finalizers": finalizers, "resourceVersion": node.ResourceVersion})
}

func (s *server) patchNode(limited context.Context, node *core.Node, metadata map[string]any) error {
	patch, err := json.Marshal(map[string]any{"metadata": metadata})
	if err != nil {
		return err
	}
	_, err = s.kube.CoreV1().Nodes().Patch(limited, node.Name, types.MergePatchType, patch, meta.PatchOptions{})
	// The list is a moment old: the next look has the Node as it is now.
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func without(names []string, gone string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == gone })
}
