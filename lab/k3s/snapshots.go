package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

const (
	scheduledName    = "etcd-snapshot"
	defaultSchedule  = "0 */12 * * *"
	defaultRetention = "5"
)

// snapshotFolder is made only where it is k3s's own.
func (s *server) snapshotFolder(request snapshotRequest) (string, error) {
	own := s.path("server/db/snapshots")
	folder := s.given.one("etcd-snapshot-dir", own)
	if request.Dir != nil && *request.Dir != "" {
		folder = *request.Dir
	}
	if folder == own {
		return own, os.MkdirAll(own, 0o700)
	}
	info, err := os.Stat(folder)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", folder)
	}
	return folder, err
}

var savingSnapshot sync.Mutex

// saveSnapshot writes NAME-NODE-SECONDS, and takes away what is past the retention of that name.
func (s *server) saveSnapshot(limited context.Context, request snapshotRequest, name string, retention int) (snapshotResult, error) {
	if !savingSnapshot.TryLock() {
		return snapshotResult{}, errors.New("snapshot save already in progress")
	}
	defer savingSnapshot.Unlock()
	folder, err := s.snapshotFolder(request)
	if err != nil {
		return snapshotResult{}, fmt.Errorf("failed to get etcd-snapshot-dir: %w", err)
	}
	file := filepath.Join(folder, fmt.Sprintf("%s-%s-%d", name, s.name, time.Now().Unix()))
	logf("info", "Saving etcd snapshot to %s", file)
	if err := s.writeSnapshot(limited, file); err != nil {
		return snapshotResult{}, err
	}
	result := snapshotResult{Created: []string{filepath.Base(file)}}
	result.Deleted, err = pruneSnapshots(folder, name, retention)
	return result, err
}

// writeSnapshot leaves no half of one behind.
func (s *server) writeSnapshot(limited context.Context, file string) error {
	source, err := s.store.client.Snapshot(limited)
	if err != nil {
		return err
	}
	defer source.Close()
	part, err := os.OpenFile(file+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(part, source)
	if err = errors.Join(err, part.Close()); err != nil {
		return errors.Join(err, os.Remove(file+".part"))
	}
	return os.Rename(file+".part", file)
}

func pruneSnapshots(folder, name string, retention int) ([]string, error) {
	if retention < 1 {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(folder, name+"*"))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(secondsOf(b), secondsOf(a)) })
	var deleted []string
	for _, file := range files[min(retention, len(files)):] {
		logf("info", "Removing local snapshot %s", file)
		if err := os.Remove(file); err != nil {
			return deleted, err
		}
		deleted = append(deleted, filepath.Base(file))
	}
	return deleted, nil
}

func secondsOf(file string) string { return file[strings.LastIndex(file, "-")+1:] }

func (s *server) listSnapshots(request snapshotRequest) (snapshotList, error) {
	list := snapshotList{Kind: "List", APIVersion: "v1", Metadata: map[string]any{}, Items: []snapshotFile{}}
	folder, err := s.snapshotFolder(request)
	if err != nil {
		return list, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return list, err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || info.IsDir() || strings.HasSuffix(entry.Name(), ".part") {
			continue
		}
		var file snapshotFile
		file.Metadata = map[string]any{}
		file.Spec.Name, file.Spec.NodeName, file.Spec.Location = entry.Name(), s.name, "file://"+filepath.Join(folder, entry.Name())
		file.Status.Size, file.Status.ReadyToUse = strconv.FormatInt(info.Size(), 10), true
		file.Status.CreationTime = info.ModTime().UTC().Format(time.RFC3339)
		if seconds, err := strconv.ParseInt(secondsOf(entry.Name()), 10, 64); err == nil {
			file.Status.CreationTime = time.Unix(seconds, 0).UTC().Format(time.RFC3339)
		}
		list.Items = append(list.Items, file)
	}
	return list, nil
}

func (s *server) deleteSnapshots(request snapshotRequest) (result snapshotResult, err error) {
	folder, err := s.snapshotFolder(request)
	for _, name := range request.Name {
		if err != nil {
			return result, err
		}
		if err = os.Remove(filepath.Join(folder, filepath.Base(name))); err == nil {
			result.Deleted = append(result.Deleted, name)
		} else if os.IsNotExist(err) {
			err = nil
		}
	}
	return result, err
}

func (s *server) prune(request snapshotRequest, name string) (result snapshotResult, err error) {
	folder, err := s.snapshotFolder(request)
	if err != nil {
		return result, err
	}
	retention, err := strconv.Atoi(s.given.one("etcd-snapshot-retention", defaultRetention))
	if request.Retention != nil {
		retention, err = *request.Retention, nil
	}
	if err == nil {
		result.Deleted, err = pruneSnapshots(folder, name, retention)
	}
	return result, err
}

// scheduleSnapshots saves one at each time of the schedule.
func (s *server) scheduleSnapshots() error {
	if s.isSet("etcd-disable-snapshots") {
		return nil
	}
	retention, err := strconv.Atoi(s.given.one("etcd-snapshot-retention", defaultRetention))
	if err != nil {
		return err
	}
	clock := cron.New()
	_, err = clock.AddFunc(s.given.one("etcd-snapshot-schedule-cron", defaultSchedule), func() {
		limited, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := s.saveSnapshot(limited, snapshotRequest{}, s.given.one("etcd-snapshot-name", scheduledName), retention); err != nil {
			logf("error", "Failed to take scheduled snapshot: %v", err)
		}
	})
	clock.Start()
	// k3s does not look at what the schedule's reader says (K3S: pkg/etcd/snapshot.go).
	if err != nil {
		logf("warning", "No snapshots: %v", err)
	}
	return nil
}
