package main

import (
	"os"
	"path/filepath"
	"strconv"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// writeKubeconfig writes a file that holds everything itself, with the names that k3s gives.
func writeKubeconfig(file string, mode os.FileMode, url, caFile, stem string) error {
	read := func(name string) []byte {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil
		}
		return content
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["default"] = &clientcmdapi.Cluster{Server: url, CertificateAuthorityData: read(caFile)}
	config.AuthInfos["default"] = &clientcmdapi.AuthInfo{ClientCertificateData: read(stem + ".crt"), ClientKeyData: read(stem + ".key")}
	config.Contexts["default"] = &clientcmdapi.Context{Cluster: "default", AuthInfo: "default"}
	config.CurrentContext = "default"
	content, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file, content, mode); err != nil {
		return err
	}
	return os.Chmod(file, mode)
}

func newClient(kubeconfig string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func parseMode(text string) (os.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	return os.FileMode(mode), err
}
