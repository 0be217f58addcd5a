package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

const (
	nodeNameHeader     = "K3s-Node-Name"
	nodePasswordHeader = "K3s-Node-Password"
	nodeAddressHeader  = "K3s-Node-Ip"
	limit              = 10 * time.Second
)

func passwordSecret(nodeName string) string { return nodeName + ".node-password.k3s" }

// withNode lets a request through if the node's password is the one it first came with: no other host may take its name.
func (s *server) withNode(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		name, password := request.Header.Get(nodeNameHeader), request.Header.Get(nodePasswordHeader)
		if name == "" || password == "" {
			http.Error(w, "node name or password not set", http.StatusBadRequest)
			return
		}
		same, err := s.ensurePassword(strings.ToLower(name), password)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		case !same:
			http.Error(w, "unable to verify password for node "+name, http.StatusForbidden)
		default:
			next(w, request)
		}
	}
}

// ensurePassword keeps the password's hash at a node's first visit and compares it at every later one.
func (s *server) ensurePassword(name, password string) (bool, error) {
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	secrets := s.kube.CoreV1().Secrets("kube-system")
	secret, err := secrets.Get(limited, passwordSecret(name), meta.GetOptions{})
	if err == nil {
		salt, hash, _ := strings.Cut(string(secret.Data["hash"]), ":")
		return saltedHash(salt, password) == hash, nil
	}
	if !apierrors.IsNotFound(err) {
		return false, err
	}
	salt := randomHex(8)
	_, err = secrets.Create(limited, &core.Secret{
		ObjectMeta: meta.ObjectMeta{Name: passwordSecret(name), Namespace: "kube-system"},
		Data:       map[string][]byte{"hash": []byte(salt + ":" + saltedHash(salt, password))},
		Immutable:  ptr.To(true),
	}, meta.CreateOptions{})
	return err == nil, err
}

func saltedHash(salt, password string) string {
	sum := sha256.Sum256([]byte(salt + password))
	return hex.EncodeToString(sum[:])
}

// watchNodes ties each node's password to its Node, so that deleting the Node frees the name, and labels the server's own Node.
func (s *server) watchNodes() {
	factory := informers.NewSharedInformerFactory(s.kube, 0)
	tend := func(object any) {
		if seen, ok := object.(*core.Node); ok {
			s.tendNode(seen)
		}
	}
	s.nodes = factory.Core().V1().Nodes().Lister()
	_, err := factory.Core().V1().Nodes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: tend})
	if err != nil {
		logf("error", "watching nodes: %v", err)
		return
	}
	factory.Start(context.Background().Done())
}

func (s *server) tendNode(seen *core.Node) {
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	owner := `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"` + seen.Name + `","uid":"` + string(seen.UID) + `"}]}}`
	_, err := s.kube.CoreV1().Secrets("kube-system").Patch(limited, passwordSecret(seen.Name), types.MergePatchType, []byte(owner), meta.PatchOptions{})
	if err != nil {
		logf("error", "tying the password of node %s to it: %v", seen.Name, err)
	}
	if seen.Name != s.name {
		return
	}
	label := `{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":"true"}}}`
	if _, err := s.kube.CoreV1().Nodes().Patch(limited, s.name, types.MergePatchType, []byte(label), meta.PatchOptions{}); err != nil {
		logf("error", "labelling node %s: %v", s.name, err)
	}
	if !s.store.isEtcd {
		return
	}
	if err := s.markSelf(limited); err != nil {
		logf("error", "marking node %s as one with etcd: %v", s.name, err)
	}
}
