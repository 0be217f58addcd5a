package main

import "os"

// sqliteOptions are kine's own default, as k3s has it.
const sqliteOptions = "?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate"

// chooseSQLite takes the real one on a host that has kine, which the scenarios of its copies put there. Elsewhere an etcd stands in for it, as
// kine is not built for every lab.
func (s *server) chooseSQLite() error {
	if !hasKine() {
		s.store.folder = s.path("server/db/kine")
		return s.store.adoptFile()
	}
	s.store = &datastore{isExternal: true, folder: s.path("server"), endpoint: "sqlite://" + s.store.file + sqliteOptions}
	return os.MkdirAll(s.path("server/db"), 0o700)
}

func hasKine() bool {
	_, err := os.Stat(kineProgram)
	return err == nil
}
