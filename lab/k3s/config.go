package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const defaultConfig = "/etc/rancher/k3s/config.yaml"

// readSettings puts the config files in front of the command line, as k3s does: a flag given on the line wins, a list grows.
func readSettings(role string, args []string) (settings, error) {
	given, err := parseFlags(role, args)
	if err != nil {
		return nil, err
	}
	fromFiles, err := configArguments(role, given.one("config", os.Getenv("K3S_CONFIG_FILE")))
	if err != nil {
		return nil, err
	}
	found, err := parseFlags(role, append(fromFiles, args...))
	if err != nil {
		return nil, err
	}
	fillFromEnvironment(role, found)
	return found, nil
}

// configArguments reads config.yaml and then config.yaml.d in name order. A later key replaces an earlier one; `key+` appends.
func configArguments(role, file string) ([]string, error) {
	explicit := file != ""
	if !explicit {
		file = defaultConfig
	}
	files, err := filepath.Glob(file + ".d/*.y*ml")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var order []string
	values := map[string][]string{}
	for _, name := range append([]string{file}, files...) {
		entries, err := readConfig(name)
		if errors.Is(err, fs.ErrNotExist) && !explicit {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			key, appends := strings.CutSuffix(entry.key, "+")
			if !slices.Contains(order, key) {
				order = append(order, key)
			}
			if !appends {
				values[key] = nil
			}
			values[key] = append(values[key], entry.values...)
		}
	}
	return toArguments(role, order, values), nil
}

// toArguments drops what a server does not know, with a warning; on an agent it stays, and is fatal.
func toArguments(role string, order []string, values map[string][]string) []string {
	known := knownFlags(role)
	var args []string
	for _, key := range order {
		if _, ok := known[key]; !ok && role == "server" {
			logf("warning", "Unknown flag --%s found in config.yaml, skipping", key)
			continue
		}
		for _, value := range values[key] {
			args = append(args, "--"+key+"="+value)
		}
	}
	return args
}

type configEntry struct {
	key    string
	values []string
}

func readConfig(name string) ([]configEntry, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	mapping := document.Content[0]
	if mapping.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: is not a mapping of settings", name)
	}
	var entries []configEntry
	for index := 0; index+1 < len(mapping.Content); index += 2 {
		entry := configEntry{key: mapping.Content[index].Value}
		value := mapping.Content[index+1]
		if value.Kind == yaml.SequenceNode {
			for _, item := range value.Content {
				entry.values = append(entry.values, item.Value)
			}
		} else {
			entry.values = []string{value.Value}
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
