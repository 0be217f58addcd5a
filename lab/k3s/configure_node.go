package main

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// configureNode waits for the Node, gives it the labels of the settings, and tells the pod network that it got.
func (m *member) configureNode() (netip.Prefix, error) {
	client, err := newClient(m.kubeconfig("kubelet"))
	if err != nil {
		return netip.Prefix{}, err
	}
	said, text := "", ""
	poll(200*time.Millisecond, func() error {
		limited, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		self, err := client.CoreV1().Nodes().Get(limited, m.name, meta.GetOptions{})
		if err != nil {
			return err
		}
		if err := m.applyLabels(limited, client, self); err != nil {
			if said != err.Error() {
				said = err.Error()
				logf("info", "Failed to set annotations and labels on node %s: %v", m.name, err)
			}
			return err
		}
		if text = self.Spec.PodCIDR; text == "" {
			return errNotYet
		}
		return nil
	})
	return netip.ParsePrefix(text)
}

// applyLabels takes back at every start what somebody changed in them meanwhile; a label that left the settings stays (K3S: pkg/agent/run.go).
func (m *member) applyLabels(limited context.Context, client *kubernetes.Clientset, self *core.Node) error {
	changed := map[string]string{}
	for _, label := range m.given.list("node-label") {
		name, value, _ := strings.Cut(label, "=")
		if now, there := self.Labels[name]; !there || now != value {
			changed[name] = value
		}
	}
	if len(changed) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": changed}})
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Nodes().Patch(limited, m.name, types.MergePatchType, patch, meta.PatchOptions{})
	return err
}

// annotateNode tells the other nodes' flannel of this one.
func (m *member) annotateNode(annotations map[string]string) error {
	client, err := newClient(m.kubeconfig("kubelet"))
	if err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	_, err = client.CoreV1().Nodes().Patch(limited, m.name, types.MergePatchType, patch, meta.PatchOptions{})
	return err
}

// waitUntilAllowed ends once the server has given k3s's controllers on nodes their rights.
func waitUntilAllowed(client *kubernetes.Clientset) {
	poll(time.Second, func() error {
		limited, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		_, err := client.CoreV1().Nodes().List(limited, meta.ListOptions{Limit: 1})
		return err
	})
}

// watchAllNodes is flannel's view of the cluster, which flannel looks at each second until it is whole.
func watchAllNodes(client *kubernetes.Clientset) cache.SharedIndexInformer {
	factory := informers.NewSharedInformerFactory(client, 0)
	nodes := factory.Core().V1().Nodes().Informer()
	factory.Start(context.Background().Done())
	poll(time.Second, func() error {
		if !nodes.HasSynced() {
			return errNotYet
		}
		return nil
	})
	return nodes
}
