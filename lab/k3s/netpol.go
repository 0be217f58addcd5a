package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	"github.com/cloudnativelabs/kube-router/v2/pkg/version"
	"github.com/coreos/go-iptables/iptables"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// startPolicies runs the network policy controller that k3s embeds, kube-router's, once the Node says Ready again. On an agent k3s is not
// READY before (K3S: pkg/agent/netpol/netpol.go).
func (m *member) startPolicies(client *kubernetes.Clientset) error {
	if m.cluster.DisableNPC {
		return nil
	}
	if set, err := utils.NewIPSet(false); err != nil {
		logf("warning", "Skipping network policy controller start, ipset unavailable: %v", err)
		return nil
	} else if err := set.Save(); err != nil {
		logf("warning", "Skipping network policy controller start, ipset save failed: %v", err)
		return nil
	}
	m.waitForHeartbeat(client, m.losingStart(client))
	if err := m.runPolicyController(client); err != nil {
		return fmt.Errorf("unable to initialize network policy controller: %w", err)
	}
	return nil
}

// losingStart is a moment just after kubelet's report. k3s is there earlier in a few starts, and is READY at once in those; here it is
// always the worse case of the two, so that nothing passes in the lab by luck.
func (m *member) losingStart(client *kubernetes.Clientset) time.Time {
	var reported time.Time
	poll(200*time.Millisecond, func() error {
		limited, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		self, err := client.CoreV1().Nodes().Get(limited, m.name, meta.GetOptions{})
		if err == nil {
			reported = readySince(self)
		}
		// In the report's own second it would be no loss: it is not told more exactly.
		if now := time.Now().Truncate(time.Second); reported.Before(m.started.Truncate(time.Second)) || !now.After(reported) {
			return errNotYet
		}
		return nil
	})
	return time.Now().Truncate(time.Second)
}

// waitForHeartbeat takes no earlier report than `since` for an answer. kubelet writes one when the condition changes and every 2.5 to 7.5
// minutes (see nodeStatusReportFrequency): where it said Ready before this began, the next one comes late.
func (m *member) waitForHeartbeat(client *kubernetes.Clientset, since time.Time) {
	poll(2*time.Second, func() error {
		limited, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		self, err := client.CoreV1().Nodes().Get(limited, m.name, meta.GetOptions{})
		if err != nil {
			logf("info", "Network policy controller waiting to get Node %s: %v", m.name, err)
			return err
		}
		if readySince(self).Before(since) {
			m.debugf("Waiting for Ready condition to be updated for network policy controller")
			return errNotYet
		}
		return nil
	})
}

// readySince is the time of the last report that said Ready.
func readySince(node *core.Node) time.Time {
	for _, condition := range node.Status.Conditions {
		if condition.Type == core.NodeReady && condition.Status == core.ConditionTrue {
			return condition.LastHeartbeatTime.Time
		}
	}
	return time.Time{}
}

func (m *member) runPolicyController(client *kubernetes.Clientset) error {
	config := options.NewKubeRouterConfig()
	config.ClusterIPCIDRs = []string{m.cluster.ServiceCIDR}
	config.NodePortRange = strings.ReplaceAll(m.cluster.NodePortRange, "-", ":")
	config.HostnameOverride = m.name
	config.EnableIPv4, config.EnableIPv6 = true, false
	config.RunFirewall, config.RunRouter, config.RunServiceProxy = true, false, false

	forever := context.Background().Done()
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces := factory.Core().V1().Pods().Informer(), factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(forever)
	factory.WaitForCacheSync(forever)

	rules, err := iptables.NewWithProtocol(iptables.ProtocolIPv4)
	if err != nil {
		return err
	}
	sets, err := utils.NewIPSet(false)
	if err != nil {
		return err
	}
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &sync.Mutex{},
		map[core.IPFamily]utils.IPTablesHandler{core.IPv4Protocol: rules}, map[core.IPFamily]utils.IPSetHandler{core.IPv4Protocol: sets})
	if err != nil {
		return err
	}
	for _, handled := range []handled{
		{pods, controller.PodEventHandler}, {namespaces, controller.NamespaceEventHandler}, {policies, controller.NetworkPolicyEventHandler},
	} {
		if _, err := handled.informer.AddEventHandler(handled.handler); err != nil {
			return err
		}
	}
	logf("info", "Starting network policy controller version %s, built on %s, %s", version.Version, version.BuildDate, runtime.Version())
	beats, running := make(chan *healthcheck.ControllerHeartbeat), &sync.WaitGroup{}
	running.Add(1)
	go controller.Run(beats, forever, running)
	go ignoreBeats(beats)
	return nil
}

type handled struct {
	informer cache.SharedIndexInformer
	handler  cache.ResourceEventHandler
}

// ignoreBeats takes what the controller tells a health check that k3s does not serve either.
func ignoreBeats(beats <-chan *healthcheck.ControllerHeartbeat) {
	for range beats {
	}
}
