// Package services runs the contract of Services of type LoadBalancer on a
// real API server and both simulated clouds: a table of Services and what the
// cloud is to have for each, and stories of what becomes of one.
package services

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

// atATime is how many tests wait at the same time: they wait for the
// controllers, and use little of a machine.
const atATime = "24"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", atATime); err != nil {
		panic(err)
	}
	log.SetLogger(logr.Discard())
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		panic(err)
	}
	apiserver.Main(m, apiserver.Options{
		CRDDirs: []string{filepath.Join(root, "deploy", "crds")},
		APIServerFlags: map[string][]string{
			"service-cluster-ip-range": {"172.20.0.0/20,fd00:20::/112"}, "service-node-port-range": {"30000-32767"},
		},
	})
}
