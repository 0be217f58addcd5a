package main

import (
	"context"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	// Like the API server's own: what a server does not renew for 15 seconds is dropped, at the next look of another.
	addressLasts   = 15
	addressRenewed = 10 * time.Second
	addressPrefix  = "/registry/masterleases/"
)

// publishAddresses makes the service `kubernetes` lead to the supervisor's port on every server that lives. The API server's own way
// would publish its own port.
func (s *server) publishAddresses() error {
	if err := s.renewAddress(); err != nil || !s.store.isShared() {
		return err
	}
	go func() {
		for range time.Tick(addressRenewed) {
			if err := s.renewAddress(); err != nil {
				logf("error", "Failed to publish this server's address: %v", err)
			}
		}
	}()
	return nil
}

func (s *server) renewAddress() error {
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	addresses := []string{s.advertiseAddress()}
	if s.store.isShared() {
		lease, err := s.store.client.Grant(limited, addressLasts)
		if err != nil {
			return err
		}
		if err := s.store.put(limited, addressPrefix+addresses[0], "lives", clientv3.WithLease(lease.ID)); err != nil {
			return err
		}
		living, err := s.store.client.Get(limited, addressPrefix, clientv3.WithPrefix())
		if err != nil {
			return err
		}
		addresses = nil
		for _, pair := range living.Kvs {
			addresses = append(addresses, strings.TrimPrefix(string(pair.Key), addressPrefix))
		}
	}
	return s.writeAddresses(limited, addresses)
}

func (s *server) writeAddresses(limited context.Context, addresses []string) error {
	endpoints := make([]discovery.Endpoint, 0, len(addresses))
	for _, address := range addresses {
		endpoints = append(endpoints, discovery.Endpoint{Addresses: []string{address}, Conditions: discovery.EndpointConditions{Ready: ptr.To(true)}})
	}
	known := s.kube.DiscoveryV1().EndpointSlices("default")
	slice := &discovery.EndpointSlice{
		ObjectMeta: meta.ObjectMeta{Name: "kubernetes", Namespace: "default", Labels: map[string]string{discovery.LabelServiceName: "kubernetes"}},
		// The supervisor serves IPv4 and IPv6 alike; the service itself has the family of the service network.
		AddressType: discovery.AddressTypeIPv4,
		Endpoints:   endpoints,
		Ports:       []discovery.EndpointPort{{Name: ptr.To("https"), Port: ptr.To[int32](6443), Protocol: ptr.To(core.ProtocolTCP)}},
	}
	before, err := known.Get(limited, "kubernetes", meta.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = known.Create(limited, slice, meta.CreateOptions{})
		return err
	}
	if err != nil || slices.Equal(addressesOf(before), addressesOf(slice)) {
		return err
	}
	_, err = known.Update(limited, slice, meta.UpdateOptions{})
	return err
}

// addressesOf are in the order of the slice, which the datastore sorts by itself.
func addressesOf(slice *discovery.EndpointSlice) []string {
	var addresses []string
	for _, endpoint := range slice.Endpoints {
		addresses = append(addresses, endpoint.Addresses...)
	}
	return addresses
}
