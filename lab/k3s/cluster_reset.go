package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var errReset = errors.New("Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. " +
	"Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes")

func (s *server) resetFlag() string { return s.path("server/db/reset-flag") }

// checkReset refuses what k3s refuses before it touches anything (K3S: pkg/cli/server/server.go).
func (n *node) checkReset() error {
	restores := n.given.one("cluster-reset-restore-path", "") != ""
	switch {
	case !n.isSet("cluster-reset") && restores:
		return errors.New("invalid flag use; --cluster-reset required with --cluster-reset-restore-path")
	case !n.isSet("cluster-reset"):
		return nil
	case n.given.one("server", "") != "":
		return errors.New("cannot perform cluster-reset while server URL is set - remove server from configuration before resetting")
	}
	token, err := givenSecret(n.given, "token")
	if err != nil || token != "" || !restores {
		return err
	}
	if _, err := os.Stat(n.path("server/token")); errors.Is(err, fs.ErrNotExist) {
		return errors.New(n.path("server/token") + " does not exist, please pass --token to complete the restoration")
	}
	return nil
}

// reset makes this server's member the only one, with the data that it has or with those of a snapshot, and ends.
func (s *server) reset() error {
	path := s.given.one("cluster-reset-restore-path", "")
	if _, err := os.Stat(s.resetFlag()); err == nil && path == "" {
		return fmt.Errorf("starting kubernetes: preparing server: start managed database: Managed etcd cluster membership was previously reset, "+
			"please remove the cluster-reset flag and start k3s normally. If you need to perform another cluster reset, you must first manually delete the file at %s", s.resetFlag())
	}
	if path != "" {
		var err error
		if given := s3Settings(s.given); given != nil {
			path, err = s.fetchSnapshot(given, path)
		}
		if err == nil {
			err = s.restore(path)
		}
		if err != nil {
			return fmt.Errorf("starting kubernetes: preparing server: start managed database: %w", err)
		}
	}
	logf("info", "Starting etcd for new cluster, cluster-reset=true")
	err := inOrder(
		func() error { return s.store.setName(s.name, true) },
		func() error { return os.WriteFile(s.resetFlag(), nil, 0o600) },
		func() error { return s.runEtcd(s.memberSettings("new", []string{s.self()}, true)) },
	)
	if err != nil {
		return err
	}
	poll(200*time.Millisecond, s.testMember)
	if err := s.takeBootstrap(); err != nil {
		return err
	}
	return shutdownRequest{errReset}
}

// fetchSnapshot brings one from S3 to where the node's own are.
func (s *server) fetchSnapshot(given settings, name string) (string, error) {
	logf("info", "Retrieving etcd snapshot %s from S3", name)
	limited, cancel := context.WithTimeout(context.Background(), snapshotLimit)
	defer cancel()
	place, err := s.openS3(limited, given)
	if errors.Is(err, errSecretAtRestore) {
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("failed to initialize S3 client: %w", err)
	}
	folder, err := s.snapshotFolder(snapshotRequest{})
	if err != nil {
		return "", err
	}
	file, err := place.download(limited, name, folder)
	if err != nil {
		return "", fmt.Errorf("failed to download snapshot from S3: %w", err)
	}
	logf("info", "S3 download complete for %s", file)
	return file, nil
}

// restore puts the data of before aside.
func (s *server) restore(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("etcd: snapshot path does not exist: %s", path)
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("etcd: snapshot path must be a file, not a directory: %s", path)
	}
	if strings.HasSuffix(path, ".zip") {
		return errors.New("this stand-in for k3s reads no compressed snapshot")
	}
	before := s.store.folder + "-old-" + strconv.FormatInt(time.Now().Unix(), 10)
	if err := os.Rename(s.store.folder, before); err != nil {
		return err
	}
	logf("info", "Pre-restore etcd database moved to %s", before)
	return snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath: path, OutputDataDir: s.store.folder, Name: s.store.name, PeerURLs: []string{s.store.peerURL()}, InitialCluster: s.self(),
	})
}

// takeBootstrap makes this server one of the cluster that the data are of, which takes that cluster's token.
func (s *server) takeBootstrap() error {
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	content, err := s.findBootstrap(limited)
	if err != nil {
		return fatal{err.Error()}
	}
	if content == nil {
		return fatal{"no bootstrap data found in datastore - check server token value and verify datastore integrity"}
	}
	return s.writeBootstrap(content, true)
}

// forgetPassword lets this node in again after a restore, with a password that the snapshot may not know.
func (s *server) forgetPassword() error {
	if _, err := os.Stat(s.resetFlag()); err != nil {
		return nil
	}
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := s.kube.CoreV1().Secrets("kube-system").Delete(limited, passwordSecret(s.name), meta.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return os.Remove(s.resetFlag())
}
