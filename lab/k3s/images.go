package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

// importImages loads the archives that the real k3s would load at every start: plain, gzip or zstd.
func (m *member) importImages() error {
	files, err := filepath.Glob(m.path("agent/images/*.tar*"))
	for _, file := range files {
		start := time.Now()
		if importErr := importImage(file); importErr != nil {
			err = errors.Join(err, fmt.Errorf("importing %s: %w", file, importErr))
			continue
		}
		logf("info", "Imported images from %s in %s", file, time.Since(start).Round(time.Millisecond))
	}
	return err
}

func importImage(file string) error {
	archive, err := os.Open(file)
	if err != nil {
		return err
	}
	defer archive.Close()
	content, err := decompress(bufio.NewReader(archive))
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ctr := exec.CommandContext(limited, "ctr", "--address", containerdSocket, "--namespace", "k8s.io", "images", "import", "-")
	ctr.Stdin = content
	if output, err := ctr.CombinedOutput(); err != nil {
		return fmt.Errorf("ctr: %w: %s", err, output)
	}
	return nil
}

func decompress(archive *bufio.Reader) (io.Reader, error) {
	magic, err := archive.Peek(4)
	switch {
	case err != nil:
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(archive)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstd.NewReader(archive)
	}
	return archive, nil
}
