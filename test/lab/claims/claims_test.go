package claims

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/yaml"
)

// scripted is a world whose commands print one thing after the other.
type scripted map[string][]string

func (w scripted) Fact(name string) (string, bool) {
	value, ok := map[string]string{"a.pod": "10.4.0.7"}[name]
	return value, ok
}

func (w scripted) Run(_ context.Context, in, command string) (string, error) {
	said := w[in+": "+command]
	if len(said) == 0 {
		return "", errors.New("no such command")
	}
	if len(said) > 1 {
		w[in+": "+command] = said[1:]
	}
	if text, failed := strings.CutPrefix(said[0], "!"); failed {
		return text, errors.New("exit status 1")
	}
	return said[0], nil
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name string
		said []string
		step Step
		why  string // part of it; empty is ✓
	}{
		{"it is so", []string{"peer 10.4.0.7"}, Step{Want: "peer {a.pod}"}, ""},
		{"it is otherwise", []string{"peer 10.0.0.2"}, Step{Want: "peer {a.pod}"}, `got "peer 10.0.0.2", want peer 10.4.0.7`},
		{"it comes to be so", []string{"!refused", "no", "yes"}, Step{Want: "yes", Within: time.Second}, ""},
		{"it fails, as wanted", []string{"!refused"}, Step{Want: "!"}, ""},
		{"it works, which is not wanted", []string{"hello"}, Step{Want: "!"}, "it works: hello"},
		{"it says what it must not", []string{"peer"}, Step{Want: "!peer"}, "is not to match peer"},
		{"it fails with what it must not say", []string{"!peer"}, Step{Want: "!peer"}, "is not to match peer"},
		{"it does not stay so", []string{"yes", "yes", "no"}, Step{Want: "yes", Stays: time.Second}, "it was no longer so"},
		{"it settles", []string{"yes", "yes", "no", "yes"}, Step{Want: "yes", Settles: 400 * time.Millisecond, Within: 5 * time.Second}, ""},
		{"it does not settle", []string{"yes", "no"}, Step{Want: "yes", Settles: 400 * time.Millisecond}, "want yes"},
		{"a fact that there is not", []string{""}, Step{Want: "{b.pod}"}, "the lab has no {b.pod}"},
		{"a pattern that is none", []string{""}, Step{Want: "("}, "error parsing regexp"},
	} {
		c.step.In, c.step.Run = "pod/a", "x"
		if c.step.Within == 0 {
			c.step.Within = time.Millisecond
		}
		got := Check(t.Context(), scripted{"pod/a: x": c.said}, "gcp", []Claim{{Says: c.name, Steps: []Step{c.step}}}, func(Result) {})
		if len(got) != 1 || got[0].OK != (c.why == "") || !strings.Contains(got[0].Why, c.why) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestWhatRefusesSaysWhy(t *testing.T) {
	got := Check(t.Context(), scripted{"cloud: assign": {"!"}}, "gcp", []Claim{{Says: "x", Steps: []Step{{In: "cloud", Run: "assign", Want: "!"}}}}, func(Result) {})
	if !got[0].OK || got[0].Output != "exit status 1" {
		t.Errorf("%+v", got)
	}
}

func TestStepsFindOutFacts(t *testing.T) {
	w := scripted{"pod/a: ask": {"name: b, at 10.4.0.9"}, "pod/b: ask 10.4.0.9": {"b"}}
	got := Check(t.Context(), w, "gcp", []Claim{{Says: "x", Steps: []Step{
		{In: "pod/a", Run: "ask", Want: `name: (?P<who>\w), at (?P<at>\S+)`},
		{In: "pod/{who}", Run: "ask {at}", Want: "^{who}$"},
	}}, {Says: "of another claim", Steps: []Step{{In: "pod/{who}", Run: "ask", Within: time.Millisecond}}}}, func(Result) {})
	if len(got) != 2 || !got[0].OK || got[0].Command != "pod/b: ask 10.4.0.9" || got[1].OK || !strings.Contains(got[1].Why, "the lab has no {who}") {
		t.Errorf("%+v", got)
	}
}

func TestTimesAreMeasuredFromTheChange(t *testing.T) {
	w := scripted{"cloud: take": {""}, "pod/a: ask": {"hello", "hello", "!timeout", "!timeout", "!timeout", "hello"}}
	got := Check(t.Context(), w, "gcp", []Claim{{Says: "x", Steps: []Step{
		{In: "cloud", Run: "take"},
		{In: "pod/a", Run: "ask", Want: "!", Measures: "it stops"},
		{In: "pod/a", Run: "ask", Want: "hello", Measures: "it returns"},
	}}}, func(Result) {})[0]
	if !got.OK || len(got.Measured) != 2 {
		t.Fatalf("%+v", got)
	}
	stops, returns := got.Measured[0], got.Measured[1]
	if stops.What != "it stops" || stops.After < 2*again {
		t.Errorf("it stops: %+v", stops)
	}
	if returns.What != "it returns" || returns.After < stops.After+2*again || returns.After > got.Took {
		t.Errorf("it returns: %+v, and it stops: %+v", returns, stops)
	}
}

func TestClaimsOfAnotherCloudAreLeftOut(t *testing.T) {
	table := []Claim{{Says: "x", Clouds: []string{"aws"}}, {Says: "y"}}
	if got := Check(t.Context(), scripted{}, "gcp", table, func(Result) {}); len(got) != 1 || got[0].Claim != "y" {
		t.Errorf("%+v", got)
	}
}

func TestTheTable(t *testing.T) {
	var out strings.Builder
	Write(&out, "the lab", []Result{{Claim: "it works", Command: "pod/a: app get", Output: "hello", OK: true, Measured: []Measured{{"it stops", time.Second}, {"it returns", 1234 * time.Millisecond}}}, {Claim: "it does not", Why: "refused", Output: "bye"}})
	for _, want := range []string{"✓", "it works", "hello", "| it stops after 1.0 s ", "| it returns after 1.2 s ", "✗", "refused"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "bye") {
		t.Error("of one that failed the reason is to be seen")
	}
}

// TestClaimsAreComplete: each says something, and runs something.
func TestClaimsAreComplete(t *testing.T) {
	for _, c := range slices.Concat(Network, ByHand, Cluster) {
		if c.Says == "" || len(c.Steps) == 0 {
			t.Errorf("%+v", c)
		}
	}
}

// TestManifestsAreThere: each that a claim applies, as documents of Kubernetes.
func TestManifestsAreThere(t *testing.T) {
	for _, c := range Cluster {
		for _, s := range c.Steps {
			name, ok := strings.CutPrefix(s.Run, "apply ")
			if !ok {
				continue
			}
			text, err := Manifest(name, "lab.local/app:1")
			if err != nil || strings.Contains(text, "IMAGE") {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
			for doc := range strings.SplitSeq(text, "\n---\n") {
				var object struct{ APIVersion, Kind string }
				if err := yaml.Unmarshal([]byte(doc), &object); err != nil || object.Kind == "" || object.APIVersion == "" {
					t.Errorf("%s: %v\n%s", name, err, doc)
				}
			}
		}
	}
}

func TestFactsOfServices(t *testing.T) {
	ingress := func(i ...corev1.LoadBalancerIngress) corev1.ServiceStatus {
		return corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: i}}
	}
	at := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "default", Name: name} }
	api := fake.NewClientBuilder().WithObjects(
		&corev1.Service{ObjectMeta: at("web"), Spec: corev1.ServiceSpec{ClusterIP: "10.32.0.3", Ports: []corev1.ServicePort{{Name: "http", NodePort: 30080}}}},
		&corev1.Service{ObjectMeta: at("outer"), Status: ingress(corev1.LoadBalancerIngress{IP: "198.18.0.1"})},
		&corev1.Service{ObjectMeta: at("named"), Status: ingress(corev1.LoadBalancerIngress{Hostname: "x.elb"})},
		&corev1.Service{ObjectMeta: at("waits"), Status: ingress(corev1.LoadBalancerIngress{Hostname: "y.elb"})},
	).Build()
	hosts := map[string][]netip.Addr{"x.elb": {netip.MustParseAddr("198.19.0.6")}}
	for fact, want := range map[string]string{
		"svc.web": "10.32.0.3", "port.web.http": "30080", "lb.outer": "198.18.0.1", "lb.named": "198.19.0.6",
		"lb.waits": "", "lb.web": "", "svc.none": "", "port.web.other": "", "web": "",
	} {
		if got, ok := ServiceFact(t.Context(), api, hosts, fact); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", fact, got, ok, want)
		}
	}
}
