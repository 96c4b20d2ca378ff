package gcesim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Whatever the times, the order is that of a stable sort.
func TestNewestFirst(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, sorted := range []bool{true, false} {
		for range 200 {
			times := make([]int, rng.IntN(20))
			for i := range times {
				times[i] = rng.IntN(6)
			}
			if sorted {
				slices.Sort(times)
			}
			items := make([]*operation, len(times))
			for i, at := range times {
				items[i] = &operation{Name: fmt.Sprintf("op-%02d", i), InsertTime: fmt.Sprint(at)}
			}
			want := slices.Clone(items)
			slices.SortStableFunc(want, func(a, b *operation) int { return strings.Compare(b.InsertTime, a.InsertTime) })
			if newestFirst(items); !slices.Equal(items, want) {
				t.Fatalf("times %v: another order than that of a stable sort", times)
			}
		}
	}
}
