package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
)

// What flannel's vxlan backend uses on Linux (flannel-io/flannel: Documentation/backends.md).
const (
	vxlanDevice   = "flannel.1"
	vxlanID       = 1
	vxlanPort     = 8472
	vxlanOverhead = 50
)

// underlay is the interface that vxlan packets leave by, and this node's address there.
type underlay struct {
	name    string
	mtu     int
	address netip.Addr
}

// findUnderlay is the interface that --flannel-iface names, else the one that carries the node's address.
func (m *member) findUnderlay() (underlay, error) {
	if name := m.given.one("flannel-iface", ""); name != "" {
		link, err := net.InterfaceByName(name)
		if err != nil {
			return underlay{}, fmt.Errorf("unable to find interface %s: %w", name, err)
		}
		address, err := firstIPv4(*link)
		return underlay{link.Name, link.MTU, address}, err
	}
	links, err := net.Interfaces()
	if err != nil {
		return underlay{}, err
	}
	for _, link := range links {
		if carries(link, m.addresses[0]) {
			return underlay{link.Name, link.MTU, m.addresses[0]}, nil
		}
	}
	return underlay{}, fmt.Errorf("failed to find the interface of %s", m.addresses[0])
}

func firstIPv4(link net.Interface) (netip.Addr, error) {
	addresses, err := link.Addrs()
	if err != nil {
		return netip.Addr{}, err
	}
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil && prefix.Addr().Is4() && prefix.Addr().IsGlobalUnicast() {
			return prefix.Addr(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("failed to find IPv4 address for interface %s", link.Name)
}

// ensureVXLAN makes the device unless it stands there as it must be, and tells its hardware address. A device over another interface or
// address is of no use; `mac` is the address that other nodes know already.
func ensureVXLAN(over underlay, own netip.Prefix, mac string) (string, error) {
	if !isVXLANOver(over) {
		if _, err := net.InterfaceByName(vxlanDevice); err == nil {
			if err := ip("link", "delete", vxlanDevice); err != nil {
				return "", err
			}
		}
		made := []string{"link", "add", vxlanDevice}
		if mac != "" {
			made = append(made, "address", mac)
		}
		made = append(made, "type", "vxlan", "id", strconv.Itoa(vxlanID), "dev", over.name, "local", over.address.String(),
			"dstport", strconv.Itoa(vxlanPort), "nolearning")
		if err := ip(made...); err != nil {
			return "", err
		}
	}
	for _, words := range [][]string{
		{"link", "set", vxlanDevice, "mtu", strconv.Itoa(over.mtu - vxlanOverhead), "up"},
		{"address", "replace", own.Masked().Addr().String() + "/32", "dev", vxlanDevice},
	} {
		if err := ip(words...); err != nil {
			return "", err
		}
	}
	link, err := net.InterfaceByName(vxlanDevice)
	if err != nil {
		return "", err
	}
	return link.HardwareAddr.String(), nil
}

func isVXLANOver(over underlay) bool {
	output, err := exec.Command("ip", "-j", "-d", "link", "show", vxlanDevice).Output()
	if err != nil {
		return false
	}
	var links []struct {
		LinkInfo struct {
			Data struct {
				ID    int    `json:"id"`
				Link  string `json:"link"`
				Local string `json:"local"`
				Port  int    `json:"port"`
			} `json:"info_data"`
		} `json:"linkinfo"`
	}
	if json.Unmarshal(output, &links) != nil || len(links) != 1 {
		return false
	}
	data := links[0].LinkInfo.Data
	return data.ID == vxlanID && data.Link == over.name && data.Local == over.address.String() && data.Port == vxlanPort
}

func ip(words ...string) error { return runTool("ip", words...) }

func runTool(program string, words ...string) error {
	if output, err := exec.Command(program, words...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, strings.Join(words, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}
