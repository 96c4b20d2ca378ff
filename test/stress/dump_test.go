package stress

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// dump gives what every object holds: in the clusters, in the ledgers, in the
// cloud.
func (r *rig) dump() string {
	var out strings.Builder
	for _, c := range r.clusters {
		fmt.Fprintf(&out, "=== what cluster %s holds\n", c.name)
		v, err := r.look(c)
		if err != nil {
			fmt.Fprintf(&out, "%v\n", err)
			continue
		}
		v.dump(&out)
		var ledger corev1.ConfigMapList
		_ = c.API.List(r.ctx, &ledger, client.InNamespace(namespace))
		for _, cm := range ledger.Items {
			for _, key := range slices.Sorted(maps.Keys(cm.Data)) {
				if cm.Name != "kube-root-ca.crt" {
					fmt.Fprintf(&out, "ConfigMap %s, %s: %s\n", cm.Name, key, strings.TrimSpace(cm.Data[key]))
				}
			}
		}
	}
	out.WriteString("=== what the cloud holds\n")
	for _, s := range r.cloud.Subnets() {
		fmt.Fprintf(&out, "subnet %s %s", s.Name, s.Primary)
		for _, x := range s.Ranges {
			fmt.Fprintf(&out, ", %s %s", x.Name, x.Prefix)
		}
		out.WriteString("\n")
	}
	for _, m := range r.cloud.Machines() {
		fmt.Fprintf(&out, "VM %s in %s carries %v %v %v\n", m.Name, m.Subnet, m.Prefixes(), m.Own, m.Single)
	}
	fmt.Fprintf(&out, "people removed %v, hold %v, and made routes to %v\n", slices.Collect(maps.Keys(r.hands.removed)), r.hands.addresses, r.hands.routes)
	return out.String()
}

func (v view) dump(out *strings.Builder) {
	fmt.Fprintf(out, "Network %s%s; departed %s\n", v.network.Name, conditions(v.network.Status.Conditions), v.network.Annotations)
	for _, q := range v.requests {
		fmt.Fprintf(out, "RangeRequest %s, %s%s:", q.Name, q.Spec.Purpose, deleted(&q))
		for _, g := range q.Status.Ranges {
			fmt.Fprintf(out, " %s in %s as %s%s;", g.CIDR, g.Subnet, g.Name, flags(g))
		}
		fmt.Fprintf(out, "%s\n", conditions(q.Status.Conditions))
	}
	for _, x := range v.cidrs {
		fmt.Fprintf(out, "ServiceCIDR %s %v%s, of %s, finalizers %v\n", x.Name, x.Spec.CIDRs, deleted(&x), x.Annotations["vpcnative.dev/range-request"], x.Finalizers)
	}
	for _, n := range v.nodes {
		fmt.Fprintf(out, "Node %s (%s)%s, pool %q, publishes %v", n.Name, n.UID, deleted(&n), n.Labels[pool], n.Spec.PodCIDRs)
		for _, cond := range n.Status.Conditions {
			fmt.Fprintf(out, "; %s=%s %s: %s", cond.Type, cond.Status, cond.Reason, cond.Message)
		}
		out.WriteString("\n")
	}
}

func deleted(o client.Object) string {
	if o.GetDeletionTimestamp().IsZero() {
		return ""
	}
	return " (deleted)"
}

func flags(g v1alpha1.GrantedRange) (out string) {
	for name, is := range map[string]bool{" adopted": g.Adopted, " grown": g.Grown, " leaving": g.Leaving, " claimed": g.Claimed(), " empty": g.EmptySince != nil} {
		if is {
			out += name
		}
	}
	return out
}

func conditions(all []metav1.Condition) (out string) {
	for _, c := range all {
		out += fmt.Sprintf("; %s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
	}
	return out
}
