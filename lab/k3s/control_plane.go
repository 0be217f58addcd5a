package main

import "slices"

func (s *server) apiServerArguments() []string {
	arguments := slices.Concat(
		[]string{
			"kube-apiserver", "--bind-address=127.0.0.1", "--secure-port=6444", "--advertise-address=" + s.advertiseAddress(),
			"--storage-backend=etcd3", "--allow-privileged=true", "--anonymous-auth=false",
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--profiling=false",
			"--client-ca-file=" + s.tls("client-ca.crt"), "--kubelet-certificate-authority=" + s.tls("server-ca.crt"),
			"--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local", "--api-audiences=https://kubernetes.default.svc.cluster.local,k3s",
			"--service-account-key-file=" + s.tls("service.key"), "--service-account-signing-key-file=" + s.tls("service.key"),
			"--requestheader-client-ca-file=" + s.tls("request-header-ca.crt"), "--requestheader-allowed-names=system:auth-proxy",
			"--requestheader-username-headers=" + userHeader, "--requestheader-group-headers=" + groupHeader,
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--service-cluster-ip-range=" + s.serviceCIDR.String(), "--service-node-port-range=" + s.nodePortRange(),
			// The port that clients reach is the supervisor's, so the supervisor publishes it (see publishAddresses).
			"--endpoint-reconciler-type=none",
		},
		s.datastoreArguments(),
		pair("tls-cert-file", "tls-private-key-file", s.tls("serving-kube-apiserver")),
		pair("kubelet-client-certificate", "kubelet-client-key", s.tls("client-kube-apiserver")),
		pair("proxy-client-cert-file", "proxy-client-key-file", s.tls("client-auth-proxy")),
	)
	return append(arguments, extraArguments(s.given, "kube-apiserver-arg")...)
}

func (s *server) nodePortRange() string { return s.given.one("service-node-port-range", "30000-32767") }

func (s *server) controllerArguments() []string {
	kubeconfig := s.path("server/cred/controller.kubeconfig")
	arguments := slices.Concat(
		[]string{
			"kube-controller-manager", "--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
			"--bind-address=127.0.0.1", s.electLeader(), "--profiling=false", "--use-service-account-credentials=true",
			// Each controller first fetches a token of its own: at the default rate that alone takes four seconds.
			"--kube-api-qps=200", "--kube-api-burst=300",
			"--allocate-node-cidrs=true", "--cluster-cidr=" + s.podCIDR.String(), "--service-cluster-ip-range=" + s.serviceCIDR.String(),
			"--service-account-private-key-file=" + s.tls("service.key"), "--root-ca-file=" + s.tls("server-ca.crt"),
		},
		pair("cluster-signing-cert-file", "cluster-signing-key-file", s.tls("client-ca")),
	)
	return append(arguments, extraArguments(s.given, "kube-controller-manager-arg")...)
}

func (s *server) schedulerArguments() []string {
	kubeconfig := s.path("server/cred/scheduler.kubeconfig")
	arguments := []string{
		"kube-scheduler", "--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", s.electLeader(), "--profiling=false",
	}
	return append(arguments, extraArguments(s.given, "kube-scheduler-arg")...)
}
