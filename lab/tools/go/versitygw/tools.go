//go:build tools

// Package tools names the programs of other modules that the lab builds, so that go.mod and go.sum pin them.
package tools

import (
	_ "github.com/versity/versitygw/cmd/versitygw"
)
