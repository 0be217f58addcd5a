package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// token is K10<hash of the cluster CA>::<user>:<password>; the short form is the password alone.
type token struct {
	caHash, user, password string
}

func parseToken(text, defaultUser string) (token, error) {
	rest, secure := strings.CutPrefix(text, "K10")
	if !secure {
		return token{user: defaultUser, password: text}, nil
	}
	hash, credentials, found := strings.Cut(rest, "::")
	user, password, pair := strings.Cut(credentials, ":")
	if !found || len(hash) != sha256.Size*2 {
		return token{}, errors.New("invalid token format")
	}
	if !pair {
		user, password = defaultUser, credentials
	}
	return token{hash, user, password}, nil
}

func (t token) String() string { return fmt.Sprintf("K10%s::%s:%s", t.caHash, t.user, t.password) }

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func randomHex(bytes int) string {
	buffer := make([]byte, bytes)
	if _, err := rand.Read(buffer); err != nil {
		panic(err)
	}
	return hex.EncodeToString(buffer)
}

// givenSecret is a secret setting, or the content of the file that NAME-file gives.
func givenSecret(given settings, name string) (string, error) {
	if value := given.one(name, ""); value != "" {
		return value, nil
	}
	file := given.one(name+"-file", "")
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	return strings.TrimSpace(string(text)), err
}

// tokens are the passwords that a joining node may show, by user.
type tokens map[string]string

// loadTokens reads the tokens or makes them, and writes the files that others read them from. Without an agent token of its own
// the cluster has only one, and the agent's file is a link to it.
func loadTokens(given settings, folder string, caPEM []byte) (tokens, error) {
	file := filepath.Join(folder, "token")
	stored, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	wanted, err := givenSecret(given, "token")
	if err != nil {
		return nil, err
	}
	if wanted == "" {
		wanted = strings.TrimSpace(string(stored))
	}
	if wanted == "" {
		wanted = randomHex(16)
	}
	server, err := parseToken(wanted, "server")
	if err != nil {
		return nil, err
	}
	agentPassword, err := givenSecret(given, "agent-token")
	if err != nil {
		return nil, err
	}
	server = token{hashOf(caPEM), "server", server.password}
	if err := writeSecret(file, server.String()); err != nil {
		return nil, err
	}
	agentFile := filepath.Join(folder, "agent-token")
	if agentPassword == "" {
		agentPassword = server.password
		err = relink(file, agentFile)
	} else {
		var agent token
		if agent, err = parseToken(agentPassword, "node"); err == nil {
			agentPassword = agent.password
			err = errors.Join(os.RemoveAll(agentFile), writeSecret(agentFile, token{server.caHash, "node", agentPassword}.String()))
		}
	}
	return tokens{"server": server.password, "node": agentPassword}, errors.Join(err, relink(file, filepath.Join(folder, "node-token")))
}

func writeSecret(file, text string) error { return os.WriteFile(file, []byte(text+"\n"), 0o600) }

func relink(target, link string) error {
	if err := os.RemoveAll(link); err != nil {
		return err
	}
	return os.Symlink(target, link)
}
