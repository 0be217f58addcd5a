package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// passwordFile is one of the files that servers share and compare: who has another agent token in it than the datastore, and the younger
// one, does not start again (K3S: pkg/passwd, pkg/cluster/bootstrap.go).
func (s *server) passwordFile() string { return s.path("server/cred/passwd") }

// writePasswords leaves the file's time alone where nothing changed.
func (s *server) writePasswords() error {
	file := s.passwordFile()
	text := fmt.Appendf(nil, "%s,node,node,k3s:agent\n%s,server,server,k3s:server\n", s.tokens["node"], s.tokens["server"])
	before, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if bytes.Equal(before, text) {
		return nil
	}
	return errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, text, 0o600))
}

// readBootstrapFile tells what a file was and when it was written; nothing where there is none.
func readBootstrapFile(path string) (*bootstrapFile, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &bootstrapFile{info.ModTime(), content}, nil
}
