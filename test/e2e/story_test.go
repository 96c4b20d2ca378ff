package e2e

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-logr/logr"
	"github.com/rogpeppe/go-internal/testscript"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// planes bounds how many control planes run at a time; each serves one story
// after the other. Stories mostly wait, so that there may be more than cores.
var planes = flag.Int("planes", 5, "control planes that run at the same time")

var (
	binary string
	free   chan *World
)

func TestMain(m *testing.M) {
	flag.Parse()
	together()
	log.SetLogger(logr.Discard()) // clients of the tests have nothing to say
	dir, err := os.MkdirTemp("", "vpcnative-e2e-")
	if err != nil {
		panic(err)
	}
	if binary, err = BuildManager(dir); err != nil {
		panic(err)
	}
	free = make(chan *World, *planes)
	for range *planes {
		free <- nil
	}
	code := m.Run()
	for range *planes {
		if w := <-free; w != nil {
			_ = w.Server.Stop()
		}
	}
	stopSpare()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// together has as many tests run at the same time as there are control planes,
// unless -parallel says otherwise.
func together() {
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		_ = flag.Set("test.parallel", strconv.Itoa(*planes))
	}
}

// borrow gives a control plane that no other story uses.
func borrow() (*World, error) {
	w := <-free
	if w != nil {
		return w, nil
	}
	w, err := New(binary)
	if err != nil {
		free <- nil
	}
	return w, err
}

//go:embed testdata/common
var commonFiles embed.FS

// common gives a story the files it has no version of its own of.
func common(dir string) error {
	files, err := commonFiles.ReadDir("testdata/common")
	if err != nil {
		return err
	}
	for _, f := range files {
		to := filepath.Join(dir, f.Name())
		if _, err := os.Stat(to); err == nil {
			continue
		}
		content, err := commonFiles.ReadFile("testdata/common/" + f.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// TestStories runs every story under testdata.
func TestStories(t *testing.T) {
	t.Parallel()
	for _, cloud := range clouds {
		t.Run(cloud.name, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Files:               scripts(t, cloud.name),
				Cmds:                commands(),
				Condition:           func(said string) (bool, error) { return said == cloud.name, known(said) },
				RequireExplicitExec: true,
				Setup: func(env *testscript.Env) error {
					if err := common(env.WorkDir); err != nil {
						return err
					}
					return open(t, env, cloud.serve)
				},
			})
		})
	}
}

// known refuses a condition that names no cloud.
func known(cloud string) error {
	for _, c := range clouds {
		if c.name == cloud {
			return nil
		}
	}
	return fmt.Errorf("there is no cloud %q", cloud)
}

// scripts are the stories that run on a cloud.
func scripts(t *testing.T, cloud string) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	own, err := filepath.Glob("testdata/" + cloud + "/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return append(own, all...)
}

// open gives a story a control plane and a cloud, and takes them back when it
// ends.
func open(t *testing.T, env *testscript.Env, serve func() (Cloud, func(), error)) error {
	w, err := borrow()
	if err != nil {
		return err
	}
	cloud, stop, err := serve()
	if err != nil {
		free <- w
		return err
	}
	w.Cloud = cloud
	for word, meant := range cloud.Words() {
		env.Setenv(word, meant)
	}
	c := newClusters(w)
	env.Values[worldKey{}] = c
	env.Defer(func() {
		err := c.end(context.Background())
		stop()
		if err != nil {
			t.Errorf("cleaning up after a story: %v", err)
			_ = w.Server.Stop()
			w = nil
		}
		free <- w
	})
	return nil
}
