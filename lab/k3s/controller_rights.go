package main

import (
	"context"

	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// controllerUser is whom k3s's own controllers on nodes speak as: flannel, and the network policies'.
const controllerUser = "system:k3s-controller"

// allowControllers gives them what they need on every node (K3S: manifests/rolebindings.yaml).
func (s *server) allowControllers() error {
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	name := meta.ObjectMeta{Name: controllerUser}
	read := []string{"get", "list", "watch"}
	role := &rbac.ClusterRole{ObjectMeta: name, Rules: []rbac.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes", "namespaces", "endpoints", "pods"}, Verbs: read},
		{APIGroups: []string{""}, Resources: []string{"nodes/status"}, Verbs: []string{"patch"}},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}, Verbs: read},
		{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: read},
	}}
	binding := &rbac.ClusterRoleBinding{
		ObjectMeta: name,
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: controllerUser},
		Subjects:   []rbac.Subject{{APIGroup: rbac.GroupName, Kind: "User", Name: controllerUser}},
	}
	_, err := s.kube.RbacV1().ClusterRoles().Create(limited, role, meta.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	if _, err = s.kube.RbacV1().ClusterRoleBindings().Create(limited, binding, meta.CreateOptions{}); apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
