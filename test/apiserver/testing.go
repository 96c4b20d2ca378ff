package apiserver

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// StartForTest runs a control plane that ends with the test.
func StartForTest(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var shared struct {
	once    sync.Once
	options Options
	inMain  bool
	server  *Server
	err     error
}

// Main is for a TestMain whose tests share one control plane, which they get
// from Shared:
//
//	func TestMain(m *testing.M) { apiserver.Main(m, apiserver.Options{}) }
//
// The first that asks starts it, so that a run of other tests needs none.
func Main(m *testing.M, o Options) {
	shared.options, shared.inMain = o, true
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// Shared is the control plane of this package's tests; see Main. Tests that
// run in parallel need names of their own for what they create.
func Shared(t testing.TB) *Server {
	t.Helper()
	if !shared.inMain {
		t.Fatal("apiserver.Shared needs a TestMain that calls apiserver.Main")
	}
	shared.once.Do(func() {
		shared.server, shared.err = Start(context.Background(), shared.options)
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}
