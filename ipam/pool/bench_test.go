package pool

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"
)

func BenchmarkFill(b *testing.B) {
	c := cpu()
	for b.Loop() {
		p := mustNew(b, Config{Parents: pfxs("10.0.0.0/8")})
		for range 1 << 16 {
			if _, err := p.Allocate(24, 1, start); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(cpu()-c)/float64(b.N)/(1<<16), "cpu-ns/op")
}

func BenchmarkChurn(b *testing.B) {
	for _, percent := range []int{50, 90, 99, 100} {
		b.Run(fmt.Sprintf("%d%%", percent), func(b *testing.B) {
			p := mustNew(b, Config{Parents: pfxs("10.0.0.0/8")})
			all := make([]netip.Prefix, 1<<16)
			for i := range all {
				all[i], _ = p.Allocate(24, 1, start)
			}
			r := rand.New(rand.NewPCG(1, 2))
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			keep := len(all) * percent / 100
			for _, q := range all[keep:] {
				_ = p.Release(q, 1, start)
			}
			which := make([]uint32, 1<<18)
			for i := range which {
				which[i] = uint32(r.IntN(keep))
			}
			i := 0
			c := cpu()
			for b.Loop() {
				at := which[i&(1<<18-1)]
				i++
				_ = p.Release(all[at], 1, start)
				all[at], _ = p.Allocate(24, 1, start)
			}
			b.ReportMetric(float64(cpu()-c)/float64(b.N), "cpu-ns/op")
		})
	}
}

func cpu() int64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(1, &r)
	return r.Utime.Nano()
}
