package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// k3s looks every 15 seconds; here a learner stays one for long enough to be seen, and a lab's start of three servers is no minute.
	manageEvery       = 5 * time.Second
	conditionLasts    = 5 * time.Minute
	etcdRole          = "node-role.kubernetes.io/etcd"
	memberName        = "etcd.k3s.cattle.io/node-name"
	memberAddress     = "etcd.k3s.cattle.io/node-address"
	etcdIsVoter       = core.NodeConditionType("EtcdIsVoter")
	learnerIsNoMember = "Node has not been promoted to voting member of the etcd cluster"
)

// manageMembers makes voters of learners, and says at each server's Node what its member is.
func (s *server) manageMembers() {
	last := ""
	for ; ; time.Sleep(manageEvery) {
		err := s.tendMembers()
		if err != nil && err.Error() != last {
			last = err.Error()
			logf("error", "Failed to manage etcd members: %v", err)
		}
	}
}

// tendMembers is the leader's to do (K3S: pkg/etcd/etcd.go, manageLearners).
func (s *server) tendMembers() error {
	limited, cancel := context.WithTimeout(context.Background(), 3*manageEvery)
	defer cancel()
	status, err := s.store.client.Status(limited, etcdLocal)
	if err != nil || status.Header.MemberId != status.Leader {
		return err
	}
	members, err := s.store.client.MemberList(limited)
	if err != nil {
		return err
	}
	nodes, err := s.nodes.List(labels.SelectorFromSet(labels.Set{etcdRole: "true"}))
	if err != nil {
		return err
	}
	found := map[string]core.NodeCondition{}
	for _, member := range members.Members {
		found[member.Name] = s.judgeMember(limited, member)
	}
	for _, node := range nodes {
		condition, isMember := found[node.Annotations[memberName]]
		if !isMember {
			condition = core.NodeCondition{Status: core.ConditionFalse, Reason: "NotAMember", Message: "Node is not a member of the etcd cluster"}
		}
		if err := s.setCondition(limited, node, condition); err != nil {
			return err
		}
	}
	return nil
}

// judgeMember says what a member is, and makes a learner a voter where etcd finds that it has caught up.
func (s *server) judgeMember(limited context.Context, member *etcdserverpb.Member) core.NodeCondition {
	condition := core.NodeCondition{Status: core.ConditionTrue, Reason: "MemberNotLearner", Message: "Node is a voting member of the etcd cluster"}
	if member.IsLearner {
		condition = core.NodeCondition{Status: core.ConditionFalse, Reason: "MemberIsLearner", Message: learnerIsNoMember}
		if _, err := s.store.client.MemberPromote(limited, member.ID); err == nil {
			logf("info", "Promoted learner %s", member.Name)
		}
	}
	// k3s asks for each member's health and by mistake asks its own member every time: one that is dead stays what it was.
	if len(member.ClientURLs) == 0 {
		condition = core.NodeCondition{Status: core.ConditionFalse, Reason: "Unhealthy", Message: "etcd member ClientURLs list is empty"}
	}
	return condition
}

func (s *server) setCondition(limited context.Context, node *core.Node, condition core.NodeCondition) error {
	now := meta.Now()
	condition.Type, condition.LastTransitionTime, condition.LastHeartbeatTime = etcdIsVoter, now, now
	for _, before := range node.Status.Conditions {
		if before.Type != etcdIsVoter {
			continue
		}
		isSame := before.Status == condition.Status && before.Reason == condition.Reason && before.Message == condition.Message
		if isSame && now.Sub(before.LastHeartbeatTime.Time) < conditionLasts {
			return nil
		}
		if before.Status == condition.Status {
			condition.LastTransitionTime = before.LastTransitionTime
		}
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []core.NodeCondition{condition}}})
	if err != nil {
		return err
	}
	_, err = s.kube.CoreV1().Nodes().Patch(limited, node.Name, types.StrategicMergePatchType, patch, meta.PatchOptions{}, "status")
	return err
}

// markSelf tells at this server's Node which member is its own.
func (s *server) markSelf(limited context.Context) error {
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:"true"},"annotations":{%q:%q,%q:%q}}}`,
		etcdRole, memberName, s.store.name, memberAddress, s.store.address)
	_, err := s.kube.CoreV1().Nodes().Patch(limited, s.name, types.MergePatchType, []byte(patch), meta.PatchOptions{})
	return err
}
