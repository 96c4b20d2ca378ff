package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

// viewer returns the kubeconfig of somebody who has what deploy/ gives people,
// and nothing else.
func viewer(t *testing.T, api client.Client) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "deploy", "manifests", "viewer.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(content, role); err != nil {
		t.Fatal(err)
	}
	if role.Labels["rbac.authorization.k8s.io/aggregate-to-view"] != "true" {
		t.Errorf("%s is not aggregated to view: it has the labels %v", role.Name, role.Labels)
	}
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "viewer"},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "viewer"}}}
	for _, o := range []client.Object{role, binding} {
		if err := api.Create(context.Background(), o); err != nil {
			t.Fatal(err)
		}
	}
	user, err := apiserver.Shared(t).AddUser("viewer")
	if err != nil {
		t.Fatal(err)
	}
	// The API server takes a moment to see what it was told.
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		r := vpcnative(t, "ranges", "--kubeconfig="+user.KubeconfigFile)
		if r.code == 0 && r.errs == "" {
			return user.KubeconfigFile
		}
		if time.Now().After(deadline) {
			t.Fatalf("still: %s", r.errs)
		}
	}
}

// TestTheRightsOfDeployAreEnough: with them every command says what it says to
// an administrator, and nothing of what may not be read. It runs by itself:
// both have to find the same.
func TestTheRightsOfDeployAreEnough(t *testing.T) {
	api, admin := seed(t)
	mine := viewer(t, api)
	for _, args := range [][]string{
		{"ranges", "--nodes"},
		{"plan"},
		{"explain", "10.4.3.7"},
		{"explain", "10.4.3.9"},
		{"explain", "10.96.0.1"},
		{"explain", "10.96.0.0/20"},
		{"explain", "worker-1"},
		{"explain", "rangerequest/pods"},
	} {
		want := vpcnative(t, append(args, "--kubeconfig="+admin)...)
		got := vpcnative(t, append(args, "--kubeconfig="+mine)...)
		if got != want {
			t.Errorf("%v: it says %+v, and to an administrator %+v", args, got, want)
		}
	}
	got := vpcnative(t, "plan", "-f", "testdata/request.yaml", "--kubeconfig="+mine)
	want := vpcnative(t, "plan", "-f", "testdata/request.yaml", "--kubeconfig="+admin)
	if got.code != 0 || got.out != want.out {
		t.Errorf("plan -f: %+v, want %s", got, want.out)
	}
	if !strings.Contains(got.errs, "not by the API server, because you may not write it") {
		t.Errorf("who may not write is not told that nothing was checked: %q", got.errs)
	}
}

// TestExplainFindsPodsByAnyAddress: the API server finds Pods by the first.
func TestExplainFindsPodsByAnyAddress(t *testing.T) {
	t.Parallel()
	api, kubeconfig := seed(t)
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "dual"},
		Spec: corev1.NodeSpec{PodCIDR: "10.4.7.0/24", PodCIDRs: []string{"10.4.7.0/24", "2600:1900:0:7::/112"}}}
	pod := func(name string, ips ...string) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
			Spec: corev1.PodSpec{NodeName: "dual", Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
		for _, ip := range ips {
			p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: ip})
		}
		p.Status.Phase, p.Status.PodIP = corev1.PodRunning, ips[0]
		return p
	}
	for _, o := range []client.Object{node, pod("dual-a", "10.4.7.2", "2600:1900:0:7::2"), pod("dual-b", "10.4.7.3", "2600:1900:0:7::3")} {
		p, isPod := o.DeepCopyObject().(*corev1.Pod)
		if err := api.Create(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		if isPod {
			p.ResourceVersion = o.GetResourceVersion()
			if err := api.Status().Update(context.Background(), p); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(func() { _ = api.Delete(context.Background(), node) })
	for address, want := range map[string]string{
		"10.4.7.2":         "is the address of Pod default/dual-a, on node dual",
		"2600:1900:0:7::2": "is the address of Pod default/dual-a, on node dual",
		"2600:1900:0:7::3": "is the address of Pod default/dual-b, on node dual",
		"2600:1900:0:7::4": "the pod CIDR of node dual; no Pod has it now",
		"2600:1900:0:8::4": "belongs to no node",
	} {
		got := vpcnative(t, "explain", address, "--kubeconfig="+kubeconfig)
		if first, _, _ := bytes.Cut([]byte(got.out), []byte("\n")); !strings.Contains(string(first), want) {
			t.Errorf("%s: %s%s, want %q", address, got.out, got.errs, want)
		}
	}
}
