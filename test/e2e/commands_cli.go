package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
)

var building sync.Mutex

// commandLine builds the command line beside the manager, once.
func (w *World) commandLine() (string, error) {
	building.Lock()
	defer building.Unlock()
	to := filepath.Join(filepath.Dir(w.binary), "vpcnative")
	if _, err := os.Stat(to); err == nil {
		return to, nil
	}
	return build(filepath.Dir(to), filepath.Base(to))
}

// vpcnative ARGS: runs the command line as an administrator of the cluster,
// with the rights to the cloud; with ! it fails. Files that it names have
// their words. After "gone" there is no cluster.
func cmdVPCNative(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	program, err := w.commandLine()
	ts.Check(err)
	kubeconfig := w.Server.KubeconfigFile
	if args[0] == "gone" {
		kubeconfig, args = filepath.Join(ts.Getenv("WORK"), "gone"), args[1:]
		ts.Check(os.WriteFile(kubeconfig, []byte(goneKubeconfig), 0o600))
	}
	for _, a := range args {
		if strings.HasSuffix(a, ".yaml") {
			ts.Check(os.WriteFile(ts.MkAbs(a), []byte(os.Expand(ts.ReadFile(a), ts.Getenv)), 0o600))
		}
	}
	flags := []string{"--kubeconfig=" + kubeconfig}
	if args[0] != "ranges" { // which reads the cluster alone
		flags = append(flags, w.Cloud.Flags()...)
	}
	if slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--kubeconfig=") }) {
		flags = flags[1:]
	}
	err = ts.Exec(program, append(slices.Clone(args), flags...)...)
	if neg != (err != nil) {
		ts.Fatalf("vpcnative %s: %v\n%s", strings.Join(args, " "), err, ts.ReadFile("stderr"))
	}
}

// goneKubeconfig is that of a cluster whose address does not answer: nothing
// listens at port 1.
const goneKubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: gone, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: me, user: {token: old}}]
contexts: [{name: gone, context: {cluster: gone, user: me}}]
current-context: gone
`

// save FILE: the cluster's Networks and RangeRequests, as kubectl prints them.
func cmdSave(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	var networks v1alpha1.NetworkList
	var requests v1alpha1.RangeRequestList
	ts.Check(w.API.List(context.Background(), &networks))
	ts.Check(w.API.List(context.Background(), &requests))
	var items []any
	keep := func(kind string, o any) {
		m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
		ts.Check(err)
		m["apiVersion"], m["kind"] = v1alpha1.GroupVersion.String(), kind
		items = append(items, m)
	}
	for i := range networks.Items {
		keep("Network", &networks.Items[i])
	}
	for i := range requests.Items {
		keep("RangeRequest", &requests.Items[i])
	}
	text, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

// balancing PATTERN: eventually the kinds of what there is of ours for load
// balancers, each once, joined by blanks, match the whole pattern.
func cmdBalancing(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	pattern := regexp.MustCompile("^(?:" + args[0] + ")$")
	err := Eventually(patience, func() error {
		got := kindsOf(w.Cloud.Parts())
		if !pattern.MatchString(got) {
			return fmt.Errorf("there are of ours for load balancers: %q, want %s", got, args[0])
		}
		return nil
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}

func kindsOf(all []invariants.Part) string {
	var out []string
	for _, p := range all {
		if p.Ours {
			out = append(out, strings.ReplaceAll(p.Kind, " ", "-"))
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}
