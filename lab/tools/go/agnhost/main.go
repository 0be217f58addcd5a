// Command agnhost is the part of the Kubernetes project's agnhost image that `hybrid-k3s verify` asks for: its netexec, from the source of the
// release that the lab runs, as one static program. The lab has no image registry.
package main

import (
	"os"

	"github.com/spf13/cobra"
	"k8s.io/kubernetes/test/images/agnhost/netexec"
)

func main() {
	root := &cobra.Command{Use: "agnhost"}
	root.AddCommand(netexec.CmdNetexec)
	if root.Execute() != nil {
		os.Exit(1)
	}
}
