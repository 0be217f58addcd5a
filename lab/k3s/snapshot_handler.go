package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// snapshotRequest is what `k3s etcd-snapshot` sends to the server of its host (K3S: pkg/etcd/snapshot_handler.go).
type snapshotRequest struct {
	Operation string   `json:"operation"`
	Name      []string `json:"name,omitempty"`
	Dir       *string  `json:"dir,omitempty"`
	Retention *int     `json:"retention,omitempty"`
}

type snapshotResult struct{ Created, Deleted []string }

// snapshotFile is one as a list shows it (the type ETCDSnapshotFile of k3s.cattle.io/v1).
type snapshotFile struct {
	Metadata map[string]any `json:"metadata"`
	Spec     struct {
		Name     string `json:"snapshotName"`
		NodeName string `json:"nodeName"`
		Location string `json:"location"`
	} `json:"spec"`
	Status struct {
		Size         string `json:"size"`
		CreationTime string `json:"creationTime"`
		ReadyToUse   bool   `json:"readyToUse"`
	} `json:"status"`
}

type snapshotList struct {
	Kind       string         `json:"kind"`
	APIVersion string         `json:"apiVersion"`
	Metadata   map[string]any `json:"metadata"`
	Items      []snapshotFile `json:"items"`
}

// handleSnapshot is POST /db/snapshot.
func (s *server) handleSnapshot(w http.ResponseWriter, asked *http.Request) {
	var request snapshotRequest
	if err := json.NewDecoder(asked.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if !s.store.isEtcd {
		http.Error(w, "etcd datastore disabled", http.StatusBadRequest)
		return
	}
	var answer any
	var err error
	name := strings.Join(request.Name[:min(1, len(request.Name))], "")
	switch request.Operation {
	case "save":
		answer, err = s.saveSnapshot(asked.Context(), request, name, 0)
	case "list":
		answer, err = s.listSnapshots(request)
	case "delete":
		answer, err = s.deleteSnapshots(request)
	case "prune":
		answer, err = s.prune(request, name)
	default:
		err = errors.New("invalid snapshot operation")
	}
	if err != nil {
		logf("warning", "Error in etcd-snapshot handler: %v", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}
