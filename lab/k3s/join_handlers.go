package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// onlyServers lets the server token through, not the agents'. Without an agent token of its own the cluster has one for both.
func (s *server) onlyServers(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		if user, _, _ := request.BasicAuth(); user != "server" {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		next(w, request)
	}
}

// tellBootstrap hands a joining server what all servers share, as the datastore has it.
func (s *server) tellBootstrap(w http.ResponseWriter, request *http.Request) {
	var content []byte
	var err error
	if s.store.isEtcd {
		limited, cancel := context.WithTimeout(request.Context(), limit)
		defer cancel()
		if content, err = s.findBootstrap(limited); err != nil {
			logf("warning", "Failed to retrieve HTTP bootstrap data from datastore; falling back to disk for %s: %v", request.RemoteAddr, err)
		}
	}
	if content == nil {
		content, err = s.readBootstrap()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(content)
}

func (s *server) tellMembers(w http.ResponseWriter, request *http.Request) {
	if !s.store.isEtcd {
		http.Error(w, "etcd datastore disabled", http.StatusBadRequest)
		return
	}
	if s.store.client == nil {
		http.Error(w, "failed to get etcd MemberList: etcd not started", http.StatusInternalServerError)
		return
	}
	limited, cancel := context.WithTimeout(request.Context(), 2*time.Second)
	defer cancel()
	members, err := s.store.client.MemberList(limited)
	if err != nil {
		http.Error(w, "failed to get etcd MemberList: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(knownMembers{members.Members})
}
