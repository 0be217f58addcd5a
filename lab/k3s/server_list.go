package main

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	discovery "k8s.io/api/discovery/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// learnServers keeps the balancer's list as the service `kubernetes` has it.
func (b *balancer) learnServers(client *kubernetes.Clientset) error {
	onlyOne := informers.WithTweakListOptions(func(options *meta.ListOptions) { options.FieldSelector = "metadata.name=kubernetes" })
	factory := informers.NewSharedInformerFactoryWithOptions(client, 10*time.Minute, informers.WithNamespace("default"), onlyOne)
	learn := func(object any) {
		slice, ok := object.(*discovery.EndpointSlice)
		if !ok || len(slice.Ports) == 0 || slice.Ports[0].Port == nil {
			return
		}
		var addresses []string
		for _, address := range addressesOf(slice) {
			addresses = append(addresses, net.JoinHostPort(address, strconv.Itoa(int(*slice.Ports[0].Port))))
		}
		slices.Sort(addresses)
		b.update(addresses)
	}
	_, err := factory.Discovery().V1().EndpointSlices().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: learn, UpdateFunc: func(_, now any) { learn(now) },
	})
	factory.Start(context.Background().Done())
	return err
}
