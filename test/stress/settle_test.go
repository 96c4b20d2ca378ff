package stress

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vpcnative/vpcnative/test/e2e"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// slowly is how long it takes to converge where what came right last is told.
const slowly = 10 * time.Second

// settle ends all trouble, waits until all has come right, and checks that it
// then stays quiet.
func (r *rig) settle(when string) {
	r.t.Helper()
	for _, d := range r.delayed {
		d.do()
	}
	r.delayed = nil
	r.cloud.Heal()
	for _, what := range slow {
		r.cloud.Delay(what, 0)
	}
	began := time.Now()
	var last error // what came right last
	err := e2e.Eventually(patience, func() error {
		r.revive()
		err := r.check()
		if err != nil {
			last = err
		}
		return err
	})
	if err != nil {
		r.fail("%s nothing went wrong for %s, and still: %v", when, patience, err)
	}
	took := time.Since(began).Round(10 * time.Millisecond)
	r.t.Logf("%s: converged in %s", when, took)
	if took > slowly {
		r.t.Logf("the last to come right: %v", last)
	}
	r.still(when)
}

// stillness is how long the cloud is watched at a quiet point: half a resync
// and more than every retry that something unfinished would have.
const stillness = time.Second

// still checks that nothing changes the cloud any more (I6).
func (r *rig) still(when string) {
	r.t.Helper()
	began, before, excused := time.Now(), len(r.cloud.Journal()), r.excused()
	time.Sleep(stillness)
	err := invariants.Quiet(r.cloud.Journal()[before:], excused)
	if err != nil {
		r.failSince(began, "%s: %v", when, err)
	}
}

// excused tells which refusals come again and again as things are.
func (r *rig) excused() func(invariants.Call) bool {
	missing := r.missing()
	return func(c invariants.Call) bool {
		switch c.Reason {
		case r.ground.noPlace: // somebody has its place, and who needs it tries, less and less often
			return missing
		case r.ground.inUse: // a deleted request waits for people to let go
			return len(r.hands.thieves) > 0
		}
		return false
	}
}

// fail ends the test with all that is needed to understand it.
func (r *rig) fail(format string, args ...any) {
	r.t.Helper()
	r.failSince(time.Now(), format, args...)
}

// failSince also gives all that managers have said since then.
func (r *rig) failSince(began time.Time, format string, args ...any) {
	r.t.Helper()
	const lastOps = 80
	what := fmt.Sprintf(format, args...)
	var logs strings.Builder
	for _, c := range r.clusters {
		fmt.Fprintf(&logs, "=== %s\n%s\n", c.name, c.telling(what, began))
	}
	r.t.Fatalf("STRESS_CLOUD=%s STRESS_OPS=%d STRESS_SEED=%d, operation %d: %s\nThe last operations:\n%s\n%s%s", r.ground.name, *ops, r.seed, r.done, what,
		strings.Join(r.said[max(0, len(r.said)-lastOps):], "\n"), r.dump(), logs.String())
}

// subjects are the names of machines and the prefixes in a text.
var subjects = regexp.MustCompile(`(east|west|theirs)-[0-9]+|10(\.[0-9]+){3}/[0-9]+`)

// telling gives what all the cluster's managers, also those that have ended,
// said of what a text speaks of, and the last that each of them said.
func (c *cluster) telling(what string, since time.Time) string {
	var out strings.Builder
	about := subjects.FindAllString(what, -1)
	files, _ := filepath.Glob(filepath.Join(c.Server.Dir, "manager-*.log"))
	slices.SortFunc(files, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, file := range files {
		content, _ := os.ReadFile(file)
		lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(content)), "\n"), func(l string) bool { return strings.Contains(l, "EventSource") })
		fmt.Fprintf(&out, "--- %s\n", filepath.Base(file))
		const last = 6
		for i, line := range lines {
			named := slices.ContainsFunc(about, func(name string) bool {
				return strings.Contains(line, name+" ") || strings.HasSuffix(line, name)
			})
			if named || line >= "time="+since.UTC().Format(time.RFC3339Nano) || i >= len(lines)-last {
				fmt.Fprintln(&out, line)
			}
		}
	}
	return out.String()
}
