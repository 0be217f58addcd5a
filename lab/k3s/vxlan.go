package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
)

// By these a node tells the others how its pods are reached.
const (
	backendType   = "flannel.alpha.coreos.com/backend-type"
	backendData   = "flannel.alpha.coreos.com/backend-data"
	publicAddress = "flannel.alpha.coreos.com/public-ip"
	subnetManager = "flannel.alpha.coreos.com/kube-subnet-manager"
)

// overlay is flannel's vxlan backend on one node.
type overlay struct {
	*member
	own  netip.Prefix
	over underlay
	mac  string
	// linked are the other nodes that the device of this index has entries for.
	linked map[string]peer
	index  int
}

// peer is another node as its annotations tell.
type peer struct {
	pods    netip.Prefix
	mac     string
	address netip.Addr
}

// startVXLAN makes the device, tells the other nodes, and keeps both true from then on.
func (m *member) startVXLAN(nodes cache.SharedIndexInformer, own netip.Prefix) error {
	o := &overlay{member: m, own: own, linked: map[string]peer{}}
	if err := o.makeDevice(); err != nil {
		return err
	}
	if err := o.tellOthers(); err != nil {
		return err
	}
	go o.follow(nodes)
	return nil
}

func (o *overlay) makeDevice() error {
	var err error
	if o.over, err = o.findUnderlay(); err != nil {
		return err
	}
	if o.mac, err = ensureVXLAN(o.over, o.own, o.mac); err != nil {
		return err
	}
	link, err := net.InterfaceByName(vxlanDevice)
	if err == nil && link.Index != o.index {
		o.index, o.linked = link.Index, map[string]peer{}
	}
	return err
}

func (o *overlay) annotations() map[string]string {
	data := fmt.Sprintf(`{"VNI":%d,"VtepMAC":"%s"}`, vxlanID, o.mac)
	return map[string]string{backendType: "vxlan", backendData: data, publicAddress: o.over.address.String(), subnetManager: "true"}
}

func (o *overlay) tellOthers() error { return o.annotateNode(o.annotations()) }

// follow looks again whenever a Node changes, and each second at the device: it goes with the interface below it, as when tailscaled
// restarts, and is made again as k3s does from 1.34.9, 1.35.6 and 1.36.2 on (k3s-io/k3s#12436).
func (o *overlay) follow(nodes cache.SharedIndexInformer) {
	changed := make(chan struct{}, 1)
	tell := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	if _, err := nodes.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { tell() }, UpdateFunc: func(any, any) { tell() }, DeleteFunc: func(any) { tell() },
	}); err != nil {
		logf("error", "flannel: %v", err)
	}
	second := time.NewTicker(time.Second)
	said := ""
	for {
		select {
		case <-changed:
		case <-second.C:
		}
		err := o.reconcile(nodes.GetStore())
		if err != nil && err.Error() != said {
			logf("error", "flannel: %v", err)
			said = err.Error()
		}
	}
}

func (o *overlay) reconcile(nodes cache.Store) error {
	if link, err := net.InterfaceByName(vxlanDevice); err != nil || link.Index != o.index {
		logf("info", "vxlan device missing, attempting to recreate...")
		if err := o.makeDevice(); err != nil {
			return err
		}
	}
	var faults []error
	wanted := map[string]peer{}
	for _, item := range nodes.List() {
		node := item.(*core.Node)
		if node.Name == o.name {
			faults = append(faults, o.tellAgain(node))
		} else if found, ok := readPeer(node); ok {
			wanted[node.Name] = found
		}
	}
	for name, old := range o.linked {
		if wanted[name] != old {
			faults = append(faults, o.unlink(old))
			delete(o.linked, name)
		}
	}
	for name, found := range wanted {
		if _, there := o.linked[name]; there {
			continue
		}
		if err := o.link(found); err != nil {
			faults = append(faults, err)
			continue
		}
		o.linked[name] = found
	}
	return errors.Join(faults...)
}

// tellAgain is for a Node that was made again, or a device that has another address than before.
func (o *overlay) tellAgain(node *core.Node) error {
	for name, value := range o.annotations() {
		if node.Annotations[name] != value {
			return o.tellOthers()
		}
	}
	return nil
}

// readPeer ignores nodes of other backends, as flannel does.
func readPeer(node *core.Node) (peer, bool) {
	var data struct{ VtepMAC string }
	if node.Annotations[backendType] != "vxlan" || json.Unmarshal([]byte(node.Annotations[backendData]), &data) != nil {
		return peer{}, false
	}
	pods, err := netip.ParsePrefix(node.Spec.PodCIDR)
	if err != nil {
		return peer{}, false
	}
	address, err := netip.ParseAddr(node.Annotations[publicAddress])
	return peer{pods, data.VtepMAC, address}, err == nil
}

func (o *overlay) link(to peer) error {
	gateway := to.pods.Masked().Addr().String()
	return inOrder(
		func() error {
			return ip("neighbour", "replace", gateway, "lladdr", to.mac, "dev", vxlanDevice, "nud", "permanent")
		},
		func() error {
			return runTool("bridge", "fdb", "replace", to.mac, "dev", vxlanDevice, "dst", to.address.String(), "self", "permanent")
		},
		func() error {
			return ip("route", "replace", to.pods.String(), "via", gateway, "dev", vxlanDevice, "onlink")
		},
	)
}

func (o *overlay) unlink(from peer) error {
	gateway := from.pods.Masked().Addr().String()
	return errors.Join(
		ip("route", "delete", from.pods.String(), "via", gateway, "dev", vxlanDevice, "onlink"),
		runTool("bridge", "fdb", "delete", from.mac, "dev", vxlanDevice, "dst", from.address.String(), "self"),
		ip("neighbour", "delete", gateway, "dev", vxlanDevice),
	)
}
