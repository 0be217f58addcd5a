package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// snapshotAliases are the short forms of `k3s etcd-snapshot`; those of S3 go without etcd- too.
var snapshotAliases = map[string]string{
	"name": "etcd-snapshot-name", "dir": "etcd-snapshot-dir", "snapshot-retention": "etcd-snapshot-retention", "o": "output",
	"snapshot-compress": "etcd-snapshot-compress", "d": "data-dir", "etcd-token": "token", "t": "token", "etcd-server": "server", "s": "server",
}

// runSnapshotCommand is `k3s etcd-snapshot save | ls | delete | prune`: the server of this host does it (K3S: pkg/cli/etcdsnapshot).
func runSnapshotCommand(args []string) int {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		args = append([]string{"save"}, args...)
	}
	given, names, err := parseSnapshotFlags(args[1:])
	if err == nil {
		err = askForSnapshot(args[0], given, names)
	}
	return statusOf(err)
}

// parseSnapshotFlags puts what the server's settings say of snapshots in front of the command line.
func parseSnapshotFlags(args []string) (settings, []string, error) {
	known := knownFlags("server")
	known["output"] = flagKind{Takes: "value"}
	fromFiles, err := configArguments("server", os.Getenv("K3S_CONFIG_FILE"))
	if err != nil {
		return nil, nil, err
	}
	ofServer, err := parseFlags("server", fromFiles)
	if err != nil {
		return nil, nil, err
	}
	given := settings{}
	for name, values := range ofServer {
		if strings.HasPrefix(name, "etcd-s3") || strings.HasPrefix(name, "etcd-snapshot-") || name == "data-dir" {
			given[name] = values
		}
	}
	var names []string
	for index := 0; index < len(args); index++ {
		name, value, hasValue := strings.Cut(strings.TrimLeft(args[index], "-"), "=")
		if !strings.HasPrefix(args[index], "-") {
			names = append(names, args[index])
			continue
		}
		if long, short := snapshotAliases[name]; short {
			name = long
		} else if name == "s3" || strings.HasPrefix(name, "s3-") {
			name = "etcd-" + name
		}
		kind, isKnown := known[name]
		switch {
		case !isKnown:
			return nil, nil, fmt.Errorf("flag provided but not defined: -%s", name)
		case hasValue:
		case kind.Takes == "boolean":
			value = "true"
		case index+1 == len(args):
			return nil, nil, fmt.Errorf("flag needs an argument: -%s", name)
		default:
			index++
			value = args[index]
		}
		given[name] = append(given[name], value)
	}
	return given, names, nil
}

func askForSnapshot(operation string, given settings, names []string) error {
	request := snapshotRequest{Operation: operation, Name: []string{given.one("etcd-snapshot-name", "on-demand")}}
	switch operation {
	case "ls", "list", "l":
		request = snapshotRequest{Operation: "list"}
	case "delete":
		if request.Name = names; len(names) == 0 {
			return errors.New("no snapshots given for removal")
		}
	case "save", "prune":
	default:
		return fmt.Errorf("No help topic for '%s'", operation)
	}
	if folder := given.one("etcd-snapshot-dir", ""); folder != "" {
		request.Dir = &folder
	}
	request.S3 = s3Settings(given)
	answer, err := sendSnapshotRequest(given, request)
	if err != nil {
		return err
	}
	if request.Operation == "list" {
		return printSnapshots(given.one("output", "table"), answer)
	}
	var result snapshotResult
	if err := json.Unmarshal(answer, &result); err != nil {
		return err
	}
	tellSnapshots(operation, names, result)
	return nil
}

func tellSnapshots(operation string, names []string, result snapshotResult) {
	for _, name := range result.Created {
		logf("info", "Snapshot %s saved.", name)
	}
	if operation == "save" {
		return
	}
	for _, name := range result.Deleted {
		logf("info", "Snapshot %s deleted.", name)
	}
	for _, name := range names {
		if !slices.Contains(result.Deleted, name) {
			logf("warning", "Snapshot %s not found.", name)
		}
	}
}

// sendSnapshotRequest speaks with the server token, which the host's own file has.
func sendSnapshotRequest(given settings, request snapshotRequest) ([]byte, error) {
	folder := given.one("data-dir", "/var/lib/rancher/k3s") + "/server"
	text := given.one("token", "")
	if text == "" {
		content, err := os.ReadFile(folder + "/token")
		if err != nil {
			return nil, err
		}
		text = strings.TrimSpace(string(content))
	}
	own, err := parseToken(text, "server")
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(folder + "/tls/server-ca.crt")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	server := visitor(&tls.Config{RootCAs: roots})
	server.Timeout = snapshotLimit
	server.user, server.password = "server", own.password
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	answer, err := server.fetch("POST", given.one("server", "https://127.0.0.1:6443")+"/db/snapshot", body, nil)
	if err != nil {
		return nil, fmt.Errorf("see server log for details: %w", err)
	}
	return answer, nil
}

func printSnapshots(format string, answer []byte) error {
	var list snapshotList
	if err := json.Unmarshal(answer, &list); err != nil {
		return err
	}
	slices.SortFunc(list.Items, func(a, b snapshotFile) int {
		return strings.Compare(a.Status.CreationTime+a.Spec.Name, b.Status.CreationTime+b.Spec.Name)
	})
	switch format {
	case "json":
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "    ")
		return encoder.Encode(list)
	case "table":
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
		fmt.Fprint(table, "Name\tLocation\tSize\tCreated\n")
		for _, file := range list.Items {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", file.Spec.Name, file.Spec.Location, file.Status.Size, file.Status.CreationTime)
		}
		return table.Flush()
	}
	return errors.New("invalid output format: " + format)
}
