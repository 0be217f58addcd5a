package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"
)

// adoptFile makes state.db what it is to a k3s with SQLite: without it the cluster begins again, and one that somebody put there is
// the cluster. While the etcd that stands in runs, it is a second name of that etcd's own file.
func (d *datastore) adoptFile() error {
	file, err := os.Stat(d.file)
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(d.folder)
	}
	if err != nil {
		return err
	}
	if own, err := os.Stat(d.backend()); err == nil && os.SameFile(file, own) {
		return nil
	}
	if err := os.RemoveAll(d.folder); err != nil {
		return err
	}
	logf("info", "Taking over %s", d.file)
	return snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath: d.file, OutputDataDir: d.folder, Name: "default", PeerURLs: []string{sqlitePeers},
		InitialCluster: "default=" + sqlitePeers, InitialClusterToken: "etcd-cluster", SkipHashCheck: true,
	})
}

func (d *datastore) backend() string { return filepath.Join(d.folder, "member/snap/db") }

// showFile gives the running etcd's file its second name.
func (d *datastore) showFile() error {
	if _, err := os.Stat(d.file); err == nil {
		return nil
	}
	return os.Link(d.backend(), d.file)
}

// migrateFile makes the data of a k3s with SQLite those of the etcd that is about to start. What is kept of them is a copy, as
// nothing is to change in it any more.
func (d *datastore) migrateFile(folder string) error {
	if _, err := os.Stat(d.file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if hasKine() {
		return errors.New("this stand-in for k3s moves nothing out of an SQLite that kine keeps")
	}
	before := &datastore{folder: folder, file: d.file}
	if err := before.adoptFile(); err != nil {
		return err
	}
	logf("info", "Migrating content from sqlite to etcd")
	return inOrder(
		func() error { return copyFile(before.backend(), d.file+".migrated") },
		func() error { return os.Remove(d.file) },
		func() error { return os.RemoveAll(d.folder) },
		func() error { return os.Rename(folder, d.folder) },
	)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}
