package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// endpoint-slice-controller: starts kube-controller-manager's, until the story
// ends.
func cmdEndpointSliceController(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	p, err := w.Server.StartEndpointSlices()
	ts.Check(err)
	w.aside = append(w.aside, p)
}

// pod add NAME on=NODE n=N [app=A] [namespace=NS]: as if a kubelet ran it, with
// the Nth address of the Node's podCIDR | pod ready|unready|delete|gone
// [NAMESPACE/]NAME: delete leaves it terminating, gone ends that.
func cmdPod(ts *testscript.TestScript, _ bool, args []string) {
	w, ctx := worldOf(ts), context.Background()
	if args[0] == "add" {
		o := options(ts, args[2:])
		n, err := strconv.Atoi(o["n"])
		ts.Check(err)
		ts.Check(w.addPod(ctx, or(o["namespace"], serviceNamespace), args[1], o["on"], or(o["app"], "web"), n))
		return
	}
	key := keyOf("pod", args[1])
	p := &corev1.Pod{}
	ts.Check(w.API.Get(ctx, key, p))
	switch args[0] {
	case "ready", "unready":
		ts.Check(w.podIs(ctx, p, args[0] == "ready"))
	case "delete":
		ts.Check(w.API.Delete(ctx, p))
	case "gone":
		ts.Check(client.IgnoreNotFound(w.API.Delete(ctx, p, client.GracePeriodSeconds(0))))
	default:
		ts.Fatalf("pod %s?", args[0])
	}
}

func (w *World) addPod(ctx context.Context, namespace, name, node, app string, nth int) error {
	n := &corev1.Node{}
	err := Eventually(patience, func() error {
		if err := w.API.Get(ctx, client.ObjectKey{Name: node}, n); err != nil {
			return err
		}
		if n.Spec.PodCIDR == "" {
			return fmt.Errorf("node %s has no podCIDR", node)
		}
		return nil
	})
	if err != nil {
		return err
	}
	a := netip.MustParsePrefix(n.Spec.PodCIDR).Addr()
	for range nth {
		a = a.Next()
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: namespace}}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "c", Image: "none"}}}}
	for _, o := range []client.Object{ns, account} {
		if err := w.API.Create(ctx, o); client.IgnoreAlreadyExists(err) != nil {
			return err
		}
	}
	if err := w.API.Create(ctx, p); err != nil {
		return err
	}
	p.Status.PodIP, p.Status.PodIPs = a.String(), []corev1.PodIP{{IP: a.String()}}
	return w.podIs(ctx, p, true)
}

func (w *World) podIs(ctx context.Context, p *corev1.Pod, ready bool) error {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	p.Status.Phase, p.Status.Conditions = corev1.PodRunning, []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}
	return w.API.Status().Update(ctx, p)
}

// attached ENDPOINTGROUP PATTERN: eventually the endpoints in its groups in the
// cloud, in order, match the whole pattern.
func cmdAttached(ts *testscript.TestScript, _ bool, args []string) {
	w, pattern := worldOf(ts), regexp.MustCompile("^(?:"+args[1]+")$")
	err := Eventually(patience, func() error {
		g := &v1alpha1.EndpointGroup{}
		if err := w.API.Get(context.Background(), keyOf("endpointgroup", args[0]), g); err != nil {
			return err
		}
		var all []string
		for _, p := range w.Cloud.Parts() {
			if slices.ContainsFunc(g.Status.Groups, func(x v1alpha1.CloudEndpointGroup) bool { return path.Base(p.Name) == x.Name }) {
				all = append(all, p.Members...)
			}
		}
		slices.Sort(all)
		if got := strings.Join(slices.Compact(all), " "); !pattern.MatchString(got) {
			return fmt.Errorf("EndpointGroup %s has attached %q, want %s", args[0], got, args[1])
		}
		return nil
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}

// cleanPods takes away what stories about pods leave behind.
func (w *World) cleanPods(ctx context.Context) error {
	var pods corev1.PodList
	var groups v1alpha1.EndpointGroupList
	if err := errors.Join(w.API.List(ctx, &pods), w.API.List(ctx, &groups)); err != nil {
		return err
	}
	for i := range pods.Items {
		if err := w.API.Delete(ctx, &pods.Items[i], client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	for i := range groups.Items {
		g := &groups.Items[i]
		patch := client.MergeFrom(g.DeepCopy())
		g.Finalizers = nil
		if err := errors.Join(client.IgnoreNotFound(w.API.Patch(ctx, g, patch)), client.IgnoreNotFound(w.API.Delete(ctx, g))); err != nil {
			return err
		}
	}
	return nil
}
