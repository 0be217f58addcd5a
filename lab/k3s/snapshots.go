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
	snapshotLimit    = 10 * time.Minute
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
	if result.Deleted, err = pruneSnapshots(folder, name, retention); err != nil {
		logf("warning", "Failed to apply local snapshot retention policy: %v", err)
	}
	if request.S3 != nil {
		s.saveToS3(limited, request.S3, file, name, &result)
	}
	return result, nil
}

// saveToS3 fails without taking the copy on the disk along.
func (s *server) saveToS3(limited context.Context, given settings, file, name string, result *snapshotResult) {
	place, err := s.openS3(limited, given)
	if err != nil {
		logf("warning", "Unable to initialize S3 client: %v", err)
		return
	}
	if err := place.upload(limited, file, s.name); err != nil {
		logf("error", "Error received during snapshot upload to S3: %s", err)
		return
	}
	logf("info", "S3 upload complete for %s", filepath.Base(file))
	result.Created = append(result.Created, filepath.Base(file))
	deleted, err := place.prune(limited, name, place.retention)
	if err != nil {
		logf("warning", "Failed to apply s3 snapshot retention policy: %v", err)
	}
	result.Deleted = append(result.Deleted, deleted...)
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

func (s *server) listSnapshots(limited context.Context, request snapshotRequest) (snapshotList, error) {
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
		list.Items = append(list.Items, describeSnapshot(entry.Name(), s.name, "file://"+filepath.Join(folder, entry.Name()), info.Size(), info.ModTime()))
	}
	if request.S3 == nil {
		return list, nil
	}
	place, err := s.openS3(limited, request.S3)
	if err != nil {
		return list, fmt.Errorf("failed to initialize S3 client: %w", err)
	}
	files, err := place.list(limited)
	list.Items = append(list.Items, files...)
	return list, err
}

// describeSnapshot takes the time from the name where it has one.
func describeSnapshot(name, node, location string, size int64, changed time.Time) (file snapshotFile) {
	if seconds, err := strconv.ParseInt(secondsOf(name), 10, 64); err == nil {
		changed = time.Unix(seconds, 0)
	}
	file.Metadata = map[string]any{}
	file.Spec.Name, file.Spec.NodeName, file.Spec.Location = name, node, location
	file.Status.Size, file.Status.ReadyToUse = strconv.FormatInt(size, 10), true
	file.Status.CreationTime = changed.UTC().Format(time.RFC3339)
	return file
}

func (s *server) deleteSnapshots(limited context.Context, request snapshotRequest) (result snapshotResult, err error) {
	folder, err := s.snapshotFolder(request)
	if err != nil {
		return result, err
	}
	var place *s3Place
	if request.S3 != nil {
		if place, err = s.openS3(limited, request.S3); err != nil {
			return result, fmt.Errorf("failed to initialize S3 client: %w", err)
		}
	}
	for _, name := range request.Name {
		err := os.Remove(filepath.Join(folder, filepath.Base(name)))
		found := err == nil
		if err != nil && !os.IsNotExist(err) {
			return result, err
		}
		if place != nil {
			inS3, err := place.remove(limited, name)
			if err != nil {
				return result, err
			}
			found = found || inS3
		}
		if found {
			result.Deleted = append(result.Deleted, name)
		}
	}
	return result, nil
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
		limited, cancel := context.WithTimeout(context.Background(), snapshotLimit)
		defer cancel()
		if _, err := s.saveSnapshot(limited, snapshotRequest{S3: s3Settings(s.given)}, s.given.one("etcd-snapshot-name", scheduledName), retention); err != nil {
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
