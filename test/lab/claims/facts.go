package claims

import (
	"context"
	"embed"
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

//go:embed manifests/*.yaml
var manifests embed.FS

// Manifest is what "apply NAME" applies in a cluster, with the image of app.
func Manifest(name, image string) (string, error) {
	text, err := manifests.ReadFile("manifests/" + name + ".yaml")
	return strings.ReplaceAll(string(text), "IMAGE", image), err
}

// ServiceFact is one of a Service: svc.NAME is its address, port.NAME.PORT a
// nodePort, and lb.NAME the address of its load balancer, as a client finds it:
// hosts are the names that DNS has of load balancers.
func ServiceFact(ctx context.Context, api client.Reader, hosts map[string][]netip.Addr, fact string) (string, bool) {
	kind, rest, _ := strings.Cut(fact, ".")
	name, port, _ := strings.Cut(rest, ".")
	var s corev1.Service
	if err := api.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, &s); err != nil {
		return "", false
	}
	switch kind {
	case "svc":
		return s.Spec.ClusterIP, s.Spec.ClusterIP != ""
	case "port":
		for _, p := range s.Spec.Ports {
			if p.Name == port {
				return fmt.Sprint(p.NodePort), p.NodePort != 0
			}
		}
	case "lb":
		for _, i := range s.Status.LoadBalancer.Ingress {
			if i.IP != "" {
				return i.IP, true
			}
			if at := hosts[i.Hostname]; len(at) > 0 {
				return at[0].String(), true
			}
		}
	}
	return "", false
}
