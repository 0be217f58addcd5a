package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const s3Node = "X-Amz-Meta-Node-Name"

// s3Place is a bucket that snapshots go to.
type s3Place struct {
	client         *minio.Client
	bucket, folder string
	retention      int
	timeout        time.Duration
}

// s3Settings are those of a place alone, and none where S3 is not asked for.
func s3Settings(given settings) settings {
	if given.one("etcd-s3", "false") != "true" {
		return nil
	}
	found := settings{}
	for name, values := range given {
		if strings.HasPrefix(name, "etcd-s3-") {
			found[name] = values
		}
	}
	if retention := given.one("etcd-snapshot-retention", ""); retention != "" && len(found["etcd-s3-retention"]) == 0 {
		found["etcd-s3-retention"] = []string{retention}
	}
	return found
}

var errSecretAtRestore = errors.New("cannot use S3 config secret when restoring snapshot; configuration must be set in CLI or config file")

// openS3 takes the Secret's settings where nothing else is set, and makes sure of the bucket (K3S: pkg/etcd/s3).
func (s *server) openS3(limited context.Context, given settings) (*s3Place, error) {
	secret := given.one("etcd-s3-config-secret", "")
	isBare := true
	for name := range given {
		isBare = isBare && (name == "etcd-s3-config-secret" || name == "etcd-s3-retention")
	}
	switch {
	case secret != "" && !isBare:
		logf("warning", "Ignoring s3 configuration from etcd-s3-config-secret %q due to existing configuration from CLI or config file", secret)
	case secret != "" && s.kube == nil:
		return nil, errSecretAtRestore
	case secret != "":
		found, err := s.kube.CoreV1().Secrets("kube-system").Get(limited, secret, meta.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("failed to get config from etcd-s3-config-secret %q: failed to get etcd S3 config secret: %w", secret, err)
		}
		logf("info", "Using etcd s3 configuration from etcd-s3-config-secret %q", secret)
		given = settings{}
		for name, value := range found.Data {
			given[name] = []string{string(value)}
		}
		if authority := found.Data["etcd-s3-endpoint-ca"]; len(authority) > 0 {
			given["etcd-s3-endpoint-ca"] = []string{base64.StdEncoding.EncodeToString(authority)}
		}
	case isBare:
		return nil, errors.New("s3 configuration was not set")
	}
	return connectS3(limited, given)
}

func connectS3(limited context.Context, given settings) (*s3Place, error) {
	place := &s3Place{bucket: given.one("etcd-s3-bucket", ""), folder: given.one("etcd-s3-folder", "")}
	if place.bucket == "" {
		return nil, errors.New("s3 bucket name was not set")
	}
	var err error
	if place.retention, err = strconv.Atoi(given.one("etcd-s3-retention", defaultRetention)); err != nil {
		return nil, err
	}
	if place.timeout, err = time.ParseDuration(given.one("etcd-s3-timeout", "5m")); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if given.one("etcd-s3-skip-ssl-verify", "false") == "true" {
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	} else if authority := given.one("etcd-s3-endpoint-ca", ""); authority != "" {
		roots, err := readAuthorities(authority)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	lookup := map[string]minio.BucketLookupType{"dns": minio.BucketLookupDNS, "path": minio.BucketLookupPath}[given.one("etcd-s3-bucket-lookup-type", "")]
	place.client, err = minio.New(given.one("etcd-s3-endpoint", "s3.amazonaws.com"), &minio.Options{
		Creds: credentials.NewStaticV4(given.one("etcd-s3-access-key", ""), given.one("etcd-s3-secret-key", ""), given.one("etcd-s3-session-token", "")),
		// Not the vendor's own: k3s has no session of AWS either.
		Secure: given.one("etcd-s3-insecure", "false") != "true", Region: given.one("etcd-s3-region", "us-east-1"), Transport: transport, BucketLookup: lookup,
	})
	if err != nil {
		return nil, err
	}
	logf("info", "Checking if S3 bucket %s exists", place.bucket)
	asked, cancel := context.WithTimeout(limited, place.timeout)
	defer cancel()
	exists, err := place.client.BucketExists(asked, place.bucket)
	if err != nil {
		return nil, fmt.Errorf("failed to test for existence of bucket %s: %w", place.bucket, err)
	}
	if !exists {
		return nil, fmt.Errorf("bucket %s does not exist", place.bucket)
	}
	return place, nil
}

// readAuthorities takes paths or certificates in base64, several with a space between.
func readAuthorities(text string) (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	for _, part := range strings.Fields(text) {
		content, err := base64.StdEncoding.DecodeString(part)
		if err != nil {
			content, err = os.ReadFile(part)
		}
		if err != nil {
			return nil, err
		}
		if !roots.AppendCertsFromPEM(content) {
			return nil, errors.New("no certificates loaded from etcd-s3-endpoint-ca")
		}
	}
	return roots, nil
}

func (p *s3Place) upload(limited context.Context, file, node string) error {
	asked, cancel := context.WithTimeout(limited, p.timeout)
	defer cancel()
	key := path.Join(p.folder, filepath.Base(file))
	logf("info", "Uploading snapshot to s3://%s/%s", p.bucket, key)
	_, err := p.client.FPutObject(asked, p.bucket, key, file, minio.PutObjectOptions{
		ContentType: "application/octet-stream", UserMetadata: map[string]string{s3Node: node},
	})
	return err
}

func (p *s3Place) download(limited context.Context, name, folder string) (string, error) {
	asked, cancel := context.WithTimeout(limited, p.timeout)
	defer cancel()
	file := filepath.Join(folder, name)
	if err := p.client.FGetObject(asked, p.bucket, path.Join(p.folder, name), file, minio.GetObjectOptions{}); err != nil {
		return "", err
	}
	return file, os.Chmod(file, 0o600)
}

func (p *s3Place) list(limited context.Context) ([]snapshotFile, error) {
	asked, cancel := context.WithTimeout(limited, p.timeout)
	defer cancel()
	var files []snapshotFile
	for object := range p.client.ListObjects(asked, p.bucket, minio.ListObjectsOptions{Prefix: p.folder, Recursive: true}) {
		if object.Err != nil {
			return nil, object.Err
		}
		node := "s3"
		if known, err := p.client.StatObject(asked, p.bucket, object.Key, minio.StatObjectOptions{}); err == nil {
			node = known.Metadata.Get(s3Node)
		}
		location := fmt.Sprintf("s3://%s/%s", p.bucket, object.Key)
		files = append(files, describeSnapshot(path.Base(object.Key), node, location, object.Size, object.LastModified))
	}
	return files, nil
}

// remove tells whether there was such a snapshot.
func (p *s3Place) remove(limited context.Context, name string) (bool, error) {
	asked, cancel := context.WithTimeout(limited, p.timeout)
	defer cancel()
	key := path.Join(p.folder, name)
	if _, err := p.client.StatObject(asked, p.bucket, key, minio.StatObjectOptions{}); err != nil {
		if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
			return false, nil
		}
		return false, err
	}
	return true, p.client.RemoveObject(asked, p.bucket, key, minio.RemoveObjectOptions{})
}

// prune leaves as many of a name as the retention says.
func (p *s3Place) prune(limited context.Context, name string, retention int) ([]string, error) {
	all, err := p.list(limited)
	if err != nil || retention < 1 {
		return nil, err
	}
	ofName := slices.DeleteFunc(all, func(file snapshotFile) bool { return !strings.HasPrefix(file.Spec.Name, name) })
	slices.SortFunc(ofName, func(a, b snapshotFile) int { return strings.Compare(b.Status.CreationTime, a.Status.CreationTime) })
	var deleted []string
	for _, file := range ofName[min(retention, len(ofName)):] {
		if _, err := p.remove(limited, file.Spec.Name); err != nil {
			return deleted, err
		}
		deleted = append(deleted, file.Spec.Name)
	}
	return deleted, nil
}
