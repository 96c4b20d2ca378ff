package e2e

import (
	"fmt"
	"testing"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

// An API server without ServiceCIDRs is told from one that has them by a
// condition; the rest works.
func TestAnAPIServerWithoutServiceCIDRs(t *testing.T) {
	t.Parallel()
	w, err := New(binary, apiserver.WithoutServiceCIDRs())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Server.Stop() }()
	cloud, stop, err := NewGCE(gcesim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	w.Cloud = cloud
	if err := w.StartManager("a"); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"network.yaml", "pods.yaml", "services.yaml"} {
		if err := w.applyFile("testdata/common/" + file); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range [][3]string{
		{"services", ready + "reason", "NoServiceCIDR"},
		{"services", ".status.ranges", ""},
		{"pods", ready + "status", "True"},
		{"pods", ".status.ranges[0].cidr", "10.0.0.0/16"},
	} {
		w.expect(t, "rangerequest", want[0], want[1], want[2])
	}
	if err := w.managers["a"].Err(); err != nil {
		t.Error(err)
	}
	if err := deleteObject(w.API, "rangerequest", "services"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "rangerequest", "services", "gone", "true")
}

func (w *World) expect(t *testing.T, kind, name, path, want string) {
	t.Helper()
	err := Eventually(patience, func() error {
		got, err := w.value(kind, name, path)
		if err == nil && got != want {
			err = fmt.Errorf("%s is %q, want %q", path, got, want)
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", kind, name, err, w.Logs())
	}
}
