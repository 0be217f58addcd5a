// Command kine is the datastore's way to SQL databases within k3s, as a program of its own beside the lab's stand-in for k3s: the API server
// asks it as it would ask etcd. It reads what k3s reads, from the environment: an endpoint on a program's line could be read by anybody.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	_ "github.com/k3s-io/kine/pkg/drivers/mysql"
	_ "github.com/k3s-io/kine/pkg/drivers/pgsql"
	"github.com/k3s-io/kine/pkg/endpoint"
	"github.com/k3s-io/kine/pkg/tls"
)

// Usage: kine LISTENER, for example unix:///var/lib/rancher/k3s/server/kine.sock.
func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: kine LISTENER")
		os.Exit(2)
	}
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	var running sync.WaitGroup
	// What is not named here is kine's own default, as k3s has it.
	_, err := endpoint.Listen(ended, endpoint.Config{
		WaitGroup: &running,
		Listener:  os.Args[1],
		Endpoint:  os.Getenv("K3S_DATASTORE_ENDPOINT"),
		BackendTLSConfig: tls.Config{
			CAFile: os.Getenv("K3S_DATASTORE_CAFILE"), CertFile: os.Getenv("K3S_DATASTORE_CERTFILE"), KeyFile: os.Getenv("K3S_DATASTORE_KEYFILE"),
		},
		NotifyInterval:      5 * time.Second,
		EmulatedETCDVersion: "3.5.13",
		CompactInterval:     5 * time.Minute,
		CompactTimeout:      5 * time.Second,
		CompactMinRetain:    1000,
		CompactBatchSize:    1000,
		PollBatchSize:       500,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-ended.Done()
	running.Wait()
}
