package gcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/golden"
)

// recorder keeps what goes over the wire to the simulator.
type recorder struct {
	sim   *gcesim.Sim
	mu    sync.Mutex
	lines []string
}

var (
	uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	ids   = regexp.MustCompile(`instances/[0-9]+`)
	spots = regexp.MustCompile(`"[A-Za-z0-9+/]{11}="`) // fingerprints
)

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	q.Body = io.NopCloser(strings.NewReader(string(body)))
	query := q.URL.Query()
	line := q.Method + " " + q.URL.Path
	for _, k := range []string{"networkInterface", "requestId", "maxResults", "orderBy"} {
		if v := query.Get(k); v != "" {
			line += "\n  " + k + "=" + v
		}
	}
	for _, v := range []string{query.Get("fields"), q.Header.Get("X-Goog-FieldMask")} {
		if v != "" {
			line += "\n  part " + v
		}
	}
	if len(body) > 0 {
		var compact bytes.Buffer // protojson varies its spaces from build to build
		if json.Compact(&compact, body) == nil {
			line += "\n  " + compact.String()
		}
	}
	line = ids.ReplaceAllString(uuids.ReplaceAllString(line, "UUID"), "instances/ID")
	r.mu.Lock()
	r.lines = append(r.lines, spots.ReplaceAllString(line, `"FINGERPRINT"`))
	r.mu.Unlock()
	r.sim.ServeHTTP(w, q)
}

// TestWire holds what is sent against testdata/wire.golden. Each body carries
// the whole list and the fingerprint and nothing else, and an empty list is
// there to be seen.
func TestWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.must(w.sim.SetRouter(hub("10.70.0.0/24")))
	r := &recorder{sim: w.sim}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	vpc := w.connect(func(c *gcp.Config) { c.Endpoint = server.URL + "/compute/v1/" })
	ctx := t.Context()
	_, err := vpc.Space.Read(ctx)
	w.must(err)
	ours := cloud.Range{Subnet: subnet, Name: "ours", Prefix: prefix("10.64.0.0/16")}
	w.must(vpc.Ranges.Create(ctx, ours))
	w.must(vpc.Ranges.Delete(ctx, ours))
	w.must(vpc.Ranges.Delete(ctx, cloud.Range{Subnet: subnet, Name: "pods", Prefix: prefix("10.4.0.0/14")}))
	w.must(vpc.Ranges.Create(ctx, ours))
	proxies := cloud.ProxySubnet{Name: "proxies", Prefix: prefix("10.65.0.0/23"), Description: "ours"}
	w.must(vpc.Proxies.Ensure(ctx, proxies))
	w.must(vpc.Proxies.Delete(ctx, proxies))
	rule := cloud.FirewallRule{Name: "rule", Description: "ours", Priority: 1000, Sources: []netip.Prefix{ours.Prefix}, Protocols: []cloud.Protocol{{Name: "all"}}}
	w.must(vpc.Firewalls.Ensure(ctx, rule))
	rule.Sources = append(rule.Sources, prefix("10.64.0.0/17"))
	w.must(vpc.Firewalls.Ensure(ctx, rule))
	w.must(vpc.Firewalls.Delete(ctx, rule))
	_, err = vpc.Firewalls.Read(ctx)
	w.must(err)
	w.AddInstance("vm")
	for i, err := range vpc.Interfaces.List(ctx) {
		w.must(err)
		attachDetach(ctx, w, vpc, i)
	}
	golden.Check(t, "testdata/wire.golden", strings.Join(r.lines, "\n")+"\n")
}

func attachDetach(ctx context.Context, w *world, vpc *cloud.VPC, i cloud.Interface) {
	w.Helper()
	a := cloud.Attachment{Prefix: netip.MustParsePrefix("10.64.3.0/24"), Range: "ours"}
	_, err := vpc.Interfaces.Attach(ctx, i, a)
	w.must(err)
	i, err = vpc.Interfaces.Get(ctx, i.Instance)
	w.must(err)
	_, err = vpc.Interfaces.Detach(ctx, i, a)
	w.must(err)
}
