package gcp_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

func TestMissingCredentialsSayWhatIsNeeded(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", t.TempDir()+"/absent.json")
	_, _, _, err := gcp.New(t.Context(), gcp.Config{Project: project, Network: "vpc", Region: region})
	if !cloud.Is(err, cloud.Unauthenticated) {
		t.Fatalf("got %v, want Unauthenticated", err)
	}
	for _, needed := range []string{"GOOGLE_APPLICATION_CREDENTIALS", "metadata server", "roles/"} {
		if !strings.Contains(err.Error(), needed) {
			t.Errorf("%q does not name %s", err, needed)
		}
	}
}

func TestIncompleteConfigIsInvalid(t *testing.T) {
	t.Parallel()
	if _, _, _, err := gcp.New(t.Context(), gcp.Config{Project: project, NoAuth: true}); !cloud.Is(err, cloud.Invalid) {
		t.Errorf("got %v, want Invalid", err)
	}
}

// A list's request is given up with its context: apiv1's would not be.
func TestHungListIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	hang := make(chan struct{})
	defer close(hang)
	w.sim.Inject(gcesim.Fault{Method: "instances.aggregatedList", Hang: hang})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	for _, err := range w.vpc.Interfaces.List(ctx) {
		if !cloud.Is(err, cloud.Unavailable) {
			t.Errorf("got %v, want Unavailable", err)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestMissingThingsAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	_, err := w.connect(func(c *gcp.Config) { c.Network = "absent" }).Space.Read(t.Context())
	if !cloud.Is(err, cloud.NotFound) {
		t.Errorf("an absent network gave %v", err)
	}
	_, err = w.connect(func(c *gcp.Config) { c.Subnetworks = []string{"absent"} }).Space.Read(t.Context())
	if !cloud.Is(err, cloud.NotFound) || !strings.Contains(err.Error(), `"nodes"`) {
		t.Errorf("an absent subnetwork gave %v, want one that names those there are", err)
	}
	err = w.vpc.Ranges.Create(t.Context(), cloud.Range{Subnet: "absent", Name: "x", Prefix: prefix("10.64.0.0/20")})
	if !cloud.Is(err, cloud.NotFound) {
		t.Errorf("a range in an absent subnetwork gave %v", err)
	}
	i, err := w.vpc.Interfaces.Get(t.Context(), w.AddInstance("vm"))
	w.must(err)
	_, err = w.vpc.Interfaces.Attach(t.Context(), i, cloud.Attachment{Prefix: prefix("10.4.0.0/24"), Range: "absent"})
	if !cloud.Is(err, cloud.NotFound) {
		t.Errorf("an absent range gave %v", err)
	}
}
