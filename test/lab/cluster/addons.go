package cluster

import (
	"context"
	"embed"
	"fmt"
	"path/filepath"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/test/lab/image"
)

// The images that pods have. AppImage is for what is to be shown.
const (
	AppImage   = "lab.local/app:1"
	pauseImage = "lab.local/pause:1"
	dnsImage   = "lab.local/coredns:1"
	policies   = "lab.local/kube-network-policies:1"
)

// makeImages writes the images' files.
func (s *Site) makeImages(context.Context) error {
	for name, program := range map[string]string{
		AppImage: s.bin("lab", "app"), pauseImage: s.bin("lab", "pause"),
		dnsImage: s.bin("addons", "coredns"), policies: s.bin("addons", "kube-network-policies"),
	} {
		base := filepath.Base(program)
		file := filepath.Join(s.Dir, base+".tar")
		i := image.Image{Name: name, Files: map[string]string{"/" + base: program}, Entrypoint: []string{"/" + base}}
		if err := i.Write(file); err != nil {
			return err
		}
		s.images = append(s.images, file)
	}
	return nil
}

//go:embed addons/*.yaml
var addons embed.FS

// startAddons installs the DNS and the controller of NetworkPolicies, and runs
// what configures machines.
func (l *Cluster) startAddons(ctx context.Context) error {
	replace := strings.NewReplacer("DNS_IMAGE", dnsImage, "DNS_ADDRESS", l.ClusterDNS().String(), "POLICIES_IMAGE", policies)
	for _, file := range []string{"coredns.yaml", "kube-network-policies.yaml"} {
		text, err := addons.ReadFile("addons/" + file)
		if err != nil {
			return err
		}
		if err := l.Apply(ctx, replace.Replace(string(text))); err != nil {
			return err
		}
	}
	l.configureNodes(ctx)
	return nil
}

// Apply does what kubectl apply does with the documents.
func (l *Cluster) Apply(ctx context.Context, documents string) error {
	for _, text := range strings.Split(documents, "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
			return err
		}
		if namespaced, err := l.API.IsObjectNamespaced(u); err == nil && namespaced && u.GetNamespace() == "" {
			u.SetNamespace(metav1.NamespaceDefault)
		}
		if err := l.API.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("lab"), client.ForceOwnership); err != nil {
			return fmt.Errorf("applying %s %s: %w", u.GetKind(), u.GetName(), err)
		}
	}
	return nil
}
