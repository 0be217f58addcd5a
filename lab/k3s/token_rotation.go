package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// rotateToken is PUT /v1-k3s/token, which `k3s token rotate` sends: another server token from now on, under which the datastore keeps
// what a restore needs (K3S: pkg/server/handlers/token.go).
func (s *server) rotateToken(w http.ResponseWriter, request *http.Request) {
	var asked struct{ NewToken *string }
	if err := json.NewDecoder(request.Body).Decode(&asked); err != nil || asked.NewToken == nil {
		http.Error(w, "no newToken in the request", http.StatusBadRequest)
		return
	}
	wanted, err := parseToken(*asked.NewToken, "server")
	if err == nil && wanted.password == "" {
		wanted.password = randomHex(16)
	}
	if err == nil {
		err = s.adoptToken(wanted.password)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *server) adoptToken(password string) error {
	s.tokenLock.Lock()
	defer s.tokenLock.Unlock()
	before := s.tokens["server"]
	now := tokens{"server": password, "node": s.tokens["node"]}
	if now["node"] == before {
		now["node"] = password
	}
	s.tokens = now
	if err := s.writePasswords(); err != nil {
		return err
	}
	if s.store.isExternal {
		return errors.New("this stand-in for k3s rotates no token of an external datastore")
	}
	if s.store.isEtcd {
		content, err := s.readBootstrap()
		if err != nil {
			return err
		}
		sealed, err := seal(password, content)
		if err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		steps := []clientv3.Op{clientv3.OpPut(bootstrapKey(password), sealed)}
		if bootstrapKey(before) != bootstrapKey(password) {
			steps = append(steps, clientv3.OpDelete(bootstrapKey(before)))
		}
		if _, err := s.store.client.Txn(limited).Then(steps...).Commit(); err != nil {
			return err
		}
	}
	return writeSecret(s.path("server/token"), token{hashOf(s.serverCA.pem), "server", password}.String())
}

// passwordOf is what a user of the supervisor must show.
func (s *server) passwordOf(user string) (string, bool) {
	s.tokenLock.Lock()
	defer s.tokenLock.Unlock()
	password, known := s.tokens[user]
	return password, known
}
