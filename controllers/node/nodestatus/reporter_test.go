package nodestatus

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	restfake "k8s.io/client-go/rest/fake"

	"context"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"

	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// apiServer is a client of core/v1 whose requests a function answers.
func apiServer(t *testing.T, answer func(*http.Request) (*http.Response, error)) rest.Interface {
	version := corev1.SchemeGroupVersion
	c, err := rest.NewRESTClient(&url.URL{Scheme: "https", Host: "localhost"}, "", rest.ClientContentConfig{
		ContentType: runtime.ContentTypeJSON, GroupVersion: version, Negotiator: runtime.NewClientNegotiator(scheme.Codecs.WithoutConversion(), version),
	}, nil, restfake.CreateHTTPClient(answer))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// served is a reporter whose writes succeed and are counted.
func served(t *testing.T, now *time.Time, writes *int) *Reporter {
	return New(Config{Events: events.NewFakeRecorder(100), Now: func() time.Time { return *now }, Writer: NewWriter(apiServer(t, func(r *http.Request) (*http.Response, error) {
		*writes++
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{"Content-Type": {"application/json"}}}, nil
	}))})
}

func TestAReportIsAwaitedUntilTheCacheShowsItOrIsOverdue(t *testing.T) {
	t.Parallel()
	start, writes := time.Unix(1000, 0), 0
	for name, x := range map[string]struct {
		after                    time.Duration
		shown                    bool
		uid                      types.UID
		awaits, overdue, forgets bool
	}{
		"the cache may still show it": {after: CacheLag - 1, uid: "1", awaits: true},
		"the cache shows it":          {shown: true, uid: "1", forgets: true},
		"the cache had time":          {after: CacheLag, uid: "1", overdue: true, forgets: true},
		"another Node of its name":    {uid: "2"},
	} {
		now := start
		r := served(t, &now, &writes)
		if r.AwaitsReady("n", "1") {
			t.Errorf("%s: a report that was never made is awaited", name)
		}
		if err := r.Ready(t.Context(), "n", "1"); err != nil {
			t.Fatal(err)
		}
		now = now.Add(x.after)
		if x.shown {
			r.ReadyShown("n")
		}
		if got := r.AwaitsReady("n", x.uid); got != x.awaits {
			t.Errorf("%s: awaited is %v", name, got)
		}
		if got := r.Overdue(); (len(got) == 1) != x.overdue {
			t.Errorf("%s: overdue are %v", name, got)
		}
		if got := !r.Remembers("n"); got != x.forgets {
			t.Errorf("%s: forgotten is %v", name, got)
		}
	}
}

// A reason makes one Event, and a condition is not written again while the cache
// may not show it.
func TestARefusalIsToldOnce(t *testing.T) {
	t.Parallel()
	now, writes := time.Unix(1000, 0), 0
	r := served(t, &now, &writes)
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", UID: "1"}}
	for i, step := range []struct {
		after        time.Duration
		reason, text string
		shown        bool // by the cache
		told, writes bool
	}{
		{reason: "A", text: "a", told: true, writes: true},
		{reason: "A", text: "a"},
		{reason: "A", text: "b", told: true, writes: true},
		{reason: "A", text: "b", after: CacheLag, told: true, writes: true}, // somebody undid it
		{reason: "A", text: "b", after: time.Hour, shown: true},
		{reason: "B", text: "c", told: true, writes: true},
	} {
		now = now.Add(step.after)
		n.Status.Conditions = nil
		if step.shown {
			n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue, Reason: step.reason, Message: step.text}}
		}
		before := writes
		told, err := r.Refuse(t.Context(), n, conditions.Refuse(step.reason, "%s", step.text))
		if err != nil || told != step.told || (writes > before) != step.writes {
			t.Errorf("step %d: told %v, %d writes, %v", i, told, writes-before, err)
		}
	}
	r.Forget("n")
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue, Reason: "B", Message: "c"}}
	if told, _ := r.Refuse(t.Context(), n, conditions.Refuse("B", "c")); !told {
		t.Error("what an earlier leader wrote is not told by this one")
	}
}

func TestNoRoomStandsUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	now, writes := time.Unix(1000, 0), 0
	r, no := served(t, &now, &writes), conditions.Refuse("Full", "no room")
	r.NoRoom("n", "1", "mark", no)
	if r.StillNoRoom("n", "1", "mark") != no || r.StillNoRoom("n", "1", "another") != nil || r.StillNoRoom("n", "2", "mark") != nil || r.StillNoRoom("m", "1", "mark") != nil {
		t.Error("it stands for what it depends on, and for nothing else")
	}
	r.ForgetNoRoom()
	if r.StillNoRoom("n", "1", "mark") != nil || r.Remembers("n") {
		t.Error("a new reading starts it anew")
	}
}

func TestPatchesNameTheUID(t *testing.T) {
	t.Parallel()
	var seen []string
	w := NewWriter(apiServer(t, func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		seen = append(seen, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+" "+string(body))
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{"Content-Type": {"application/json"}}}, err
	}))
	at := metav1.NewTime(time.Unix(0, 0).UTC())
	if err := w.Publish(context.Background(), "n", "u", netip.MustParsePrefix("10.0.0.0/24")); err != nil {
		t.Error(err)
	}
	err := w.SetCondition(context.Background(), "n", "u", corev1.NodeCondition{Type: "T", Status: "False", LastHeartbeatTime: at, LastTransitionTime: at, Reason: "R", Message: `"quoted"`})
	if err != nil {
		t.Error(err)
	}
	want := []string{
		`PATCH /nodes/n application/strategic-merge-patch+json {"metadata":{"uid":"u"},"spec":{"podCIDR":"10.0.0.0/24","podCIDRs":["10.0.0.0/24"]}}`,
		`PATCH /nodes/n/status application/strategic-merge-patch+json {"metadata":{"uid":"u"},"status":{"conditions":[{"type":"T","status":"False","lastHeartbeatTime":"1970-01-01T00:00:00Z","lastTransitionTime":"1970-01-01T00:00:00Z","reason":"R","message":"\"quoted\""}]}}`,
	}
	for i, line := range seen {
		if line != want[i] {
			t.Errorf("got  %s\nwant %s", line, want[i])
		}
	}
}
