package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

const joinLimit = 20 * time.Second

// knownMembers is what a server tells of its etcd at /db/info.
type knownMembers struct {
	Members []*etcdserverpb.Member `json:"members"`
}

// errWaiting is a reason to try the same again a second later.
type errWaiting struct {
	what string
	error
}

// joinCluster repeats what may succeed later, and gives up at anything else (K3S: pkg/etcd/etcd.go, pollJoin).
func (s *server) joinCluster() error {
	for {
		cluster, err := s.addMember()
		var waiting errWaiting
		switch {
		case err == nil:
			logf("info", "Starting etcd to join cluster with members %v", cluster)
			return s.runEtcd(s.memberSettings("existing", cluster, false))
		case !errors.As(err, &waiting):
			return err
		}
		logf("info", "%s: %v", waiting.what, waiting.error)
		time.Sleep(time.Second)
	}
}

// addMember makes this server a learner of the cluster, and tells who is in it.
func (s *server) addMember() ([]string, error) {
	content, err := s.asServer.fetch("GET", s.joinURL+"/db/info", nil, nil)
	var known knownMembers
	if err == nil {
		err = json.Unmarshal(content, &known)
	}
	if err != nil {
		return nil, errWaiting{"Waiting to retrieve etcd cluster member list", fmt.Errorf("failed to get MemberList from server: %w", err)}
	}
	cluster, isMember, err := s.findSelf(known.Members)
	if err != nil || isMember {
		return cluster, err
	}
	client, err := s.etcdClient(voters(known.Members, s.store.clientURL())...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	limited, cancel := context.WithTimeout(context.Background(), joinLimit)
	defer cancel()
	logf("info", "Adding member %s to etcd cluster %v", s.self(), cluster)
	switch _, err = client.MemberAddAsLearner(limited, []string{s.store.peerURL()}); {
	case errors.Is(err, rpctypes.ErrTooManyLearners), errors.Is(err, rpctypes.ErrUnhealthy):
		return nil, errWaiting{"Waiting for other members to finish joining etcd cluster", err}
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errWaiting{"Retrying etcd cluster join", errors.New("MemberAdd request timed out")}
	}
	return append(cluster, s.self()), err
}

// findSelf refuses a name that another member has for its node.
func (s *server) findSelf(members []*etcdserverpb.Member) (cluster []string, isMember bool, err error) {
	for _, member := range members {
		for _, peer := range member.PeerURLs {
			place, err := url.Parse(peer)
			if err != nil {
				return nil, false, err
			}
			// One that was added and never started has no name yet.
			if member.Name == "" && place.Hostname() == s.store.address {
				member.Name = s.store.name
			}
			isMember = isMember || member.Name == s.store.name && place.Hostname() == s.store.address
		}
		if len(member.PeerURLs) > 0 {
			cluster = append(cluster, member.Name+"="+member.PeerURLs[0])
		}
		if cut := strings.LastIndex(member.Name, "-"); member.Name != s.store.name && cut > 1 && member.Name[:cut] == s.name {
			if err := os.Remove(filepath.Join(s.store.folder, "name")); err != nil {
				logf("error", "Failed to remove etcd name file: %v", err)
			}
			return nil, false, errors.New("duplicate node name found, please use a unique name for this node")
		}
	}
	return cluster, isMember, nil
}
