package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestPreflightSaysWhatIsMissingAndHowToGetIt(t *testing.T) {
	lacks := func(programs ...string) func(string) error {
		return func(program string) error {
			if slices.Contains(programs, program) {
				return errors.New("not found")
			}
			return nil
		}
	}
	if err := preflight(true, lacks("bin/nodes/kubelet"), ""); err != nil {
		t.Errorf("what is built is missed before it is built: %v", err)
	}
	for name, tt := range map[string]struct {
		root bool
		find func(string) error
		want []string
	}{
		"all is there":         {true, lacks(), nil},
		"no root":              {false, lacks(), []string{"root: ", "sudo make lab"}},
		"programs are missing": {true, lacks("ctr", "containerd", "nft"), []string{"nft: ", "apt-get install --no-install-recommends containerd nftables"}},
		"nothing was built":    {true, lacks("bin/nodes/kubelet"), []string{"bin/nodes/kubelet: `make lab` builds it"}},
	} {
		err := preflight(tt.root, tt.find, "bin")
		if (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
		for _, part := range tt.want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v lacks %q", name, err, part)
			}
		}
	}
}
