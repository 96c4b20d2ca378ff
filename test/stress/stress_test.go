// Package stress runs two managers of two clusters in one VPC through random
// operations on each cloud, and checks what must always hold (I1 to I8) after each quiet
// point.
package stress

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/test/e2e"
)

var (
	ops   = flag.Int("stress.ops", 160, "random operations")
	quiet = flag.Int("stress.quiet", 80, "operations between quiet points")
	seed  = flag.Uint64("stress.seed", 1, "seed of the random operations")
	only  = flag.String("stress.cloud", "", "the cloud, gcp or aws; every one where empty")
)

var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	log.SetLogger(logr.Discard()) // clients of the tests have nothing to say
	dir, err := os.MkdirTemp("", "vpcnative-stress-")
	if err != nil {
		panic(err)
	}
	if binary, err = e2e.BuildManager(dir); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// TestStress: the seed decides the operations; how they fall in with what the
// managers do is up to the machine.
func TestStress(t *testing.T) {
	for name, g := range grounds {
		if *only == "" || *only == name {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				stress(t, g)
			})
		}
	}
}

func stress(t *testing.T, g ground) {
	t.Logf("STRESS_CLOUD=%s STRESS_OPS=%d STRESS_SEED=%d make crash repeats this run", g.name, *ops, *seed)
	r := newRig(t, g, *seed)
	r.begin()
	for i := range *ops {
		r.operate(i)
		if (i+1)%*quiet == 0 || i+1 == *ops {
			r.settle(fmt.Sprintf("after operation %d", i))
		}
	}
	r.restoreFirst()
	r.end()
}
