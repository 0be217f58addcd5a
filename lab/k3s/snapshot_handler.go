package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// snapshotRequest is what `k3s etcd-snapshot` sends to the server of its host (K3S: pkg/etcd/snapshot_handler.go).
type snapshotRequest struct {
	Operation string   `json:"operation"`
	Name      []string `json:"name,omitempty"`
	Dir       *string  `json:"dir,omitempty"`
	Retention *int     `json:"retention,omitempty"`
	// S3 are the settings of a place, by their flags; nothing where S3 is not asked for.
	S3 settings `json:"s3,omitempty"`
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
		if request.S3 != nil {
			// Where S3 does not answer, nothing is saved at all.
			if _, err = s.openS3(asked.Context(), request.S3); err != nil {
				err = fmt.Errorf("failed to initialize S3 client: %w", err)
				break
			}
		}
		answer, err = s.saveSnapshot(asked.Context(), request, name, 0)
	case "list":
		answer, err = s.listSnapshots(asked.Context(), request)
	case "delete":
		answer, err = s.deleteSnapshots(asked.Context(), request)
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
