package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// fetchExternal takes over what all servers share from the datastore, before this one makes anything of its own
// (K3S: pkg/cluster/storage.go, storageBootstrap).
func (s *server) fetchExternal() error {
	if err := s.openExternal(); err != nil {
		return fmt.Errorf("creating storage endpoint: %w", err)
	}
	text, err := givenSecret(s.given, "token")
	if err != nil {
		return err
	}
	if text == "" {
		stored, err := os.ReadFile(s.path("server/token"))
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		text = strings.TrimSpace(string(stored))
	}
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if text == "" {
		_, err := s.store.client.Get(limited, bootstrapPrefix, clientv3.WithPrefix())
		return err
	}
	given, err := parseToken(text, "server")
	if err != nil {
		return err
	}
	s.tokens = tokens{"server": given.password}
	content, err := s.takeShared()
	if err != nil || content == nil {
		return err
	}
	logf("info", "Reconciling bootstrap data between datastore and disk")
	return s.writeBootstrap(content, false)
}

// lockAttempts and lockPause are k3s's own (K3S: pkg/cluster/storage.go): whoever does not come for so long has failed.
const (
	lockAttempts = 5
	lockPause    = 5 * time.Second
)

// takeShared gives what all servers share, or nothing where this one is to leave it: then an empty key under its token, a lock, has the
// others wait for that.
func (s *server) takeShared() ([]byte, error) {
	for attempt := 1; ; attempt++ {
		content, isTaken, err := s.tryBootstrap(attempt >= lockAttempts)
		if err != nil || content != nil || !isTaken {
			return content, err
		}
		time.Sleep(lockPause)
	}
}

// tryBootstrap tells besides whether another one has the lock, which it takes away where that one has had its time.
func (s *server) tryBootstrap(isOverdue bool) (content []byte, isTaken bool, err error) {
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if content, err = s.findBootstrap(limited); err != nil || content != nil {
		return content, false, err
	}
	key, client := bootstrapKey(s.tokens["server"]), s.store.client
	found, err := client.Get(limited, key)
	if err != nil {
		return nil, false, err
	}
	if len(found.Kvs) == 0 {
		locked, err := client.Txn(limited).If(clientv3.Compare(clientv3.ModRevision(key), "=", 0)).Then(clientv3.OpPut(key, "")).Commit()
		if err != nil {
			return nil, false, err
		}
		if locked.Succeeded {
			logf("info", "Bootstrap key locked for initial create")
			return nil, false, nil
		}
		logf("info", "Bootstrap key already locked - waiting for data to be populated by another server")
		return nil, true, nil
	}
	if !isOverdue {
		logf("info", "Bootstrap key is locked - waiting for data to be populated by another server")
		return nil, true, nil
	}
	logf("info", "Bootstrap key lock timed out - deleting lock and retrying")
	_, err = client.Txn(limited).If(clientv3.Compare(clientv3.ModRevision(key), "=", found.Kvs[0].ModRevision)).
		Then(clientv3.OpDelete(key)).Else(clientv3.OpGet(key)).Commit()
	return nil, true, err
}
