package gcp

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

// canned answers every request with one body: what is left is the adapter's
// and the SDKs' own work.
type canned []byte

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c)), Request: r}, nil
}

func benchVPC(b *testing.B, reply string) *vpc {
	b.Helper()
	s, err := newSDK(b.Context(), &http.Client{Transport: canned(reply)}, "http://canned", "bench")
	if err != nil {
		b.Fatal(err)
	}
	v := newVPC(Config{Project: "p1", Network: "vpc", Region: "r1", Subnetworks: []string{"nodes"}}.withDefaults(), s)
	b.Cleanup(v.ops.close)
	return v
}

func BenchmarkAttach(b *testing.B) {
	v := interfaces{benchVPC(b, `{"name":"operation-1","status":"DONE","targetLink":"https://www.googleapis.com/compute/v1/projects/p1/zones/r1-a/instances/vm"}`)}
	i := cloud.Interface{Instance: "gce://p1/r1-a/vm", InstanceUID: "1", Subnet: "nodes", Version: "abcdefghijk="}
	a := cloud.Attachment{Prefix: netip.MustParsePrefix("10.4.0.0/24"), Range: "pods"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Attach(b.Context(), i, a); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkListPage reads one page of 500 instances with one alias range each.
func BenchmarkListPage(b *testing.B) {
	var body bytes.Buffer
	body.WriteString(`{"items":{"zones/r1-a":{"instances":[`)
	for n := range pageSize {
		if n > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"id":"%d","name":"node-%d","zone":"https://www.googleapis.com/compute/v1/projects/p1/zones/r1-a","networkInterfaces":[{"name":"nic0","network":"%s","subnetwork":"%s","fingerprint":"abcdefghijk=","aliasIpRanges":[{"ipCidrRange":"10.%d.%d.0/24","subnetworkRangeName":"pods"}]}]}`,
			n+1, n, netURL, subURL+"nodes", n/256, n%256)
	}
	body.WriteString(`]}}}`)
	v := interfaces{benchVPC(b, body.String())}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range v.List(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != pageSize {
			b.Fatal(n)
		}
	}
}
