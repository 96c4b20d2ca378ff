// Command ipam measures vpcnative's pool beside the allocators that others use, on the same work in the same run,
// prints a table, and writes the same rows as JSON.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"time"
)

// row is one line of the table: each contender's result by name.
type row struct {
	Work    string            `json:"work"`
	Unit    string            `json:"unit"`
	Target  float64           `json:"target,omitempty"` // as stated, for a core on which Cilium fills at 23 ns
	Note    string            `json:"note,omitempty"`
	Results map[string]result `json:"results"`
}

func main() {
	out := flag.String("json", "", "also write the rows to this `file`")
	only := flag.String("only", "", "do only rows that match this `pattern`")
	flag.Parse()
	match, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintf(os.Stderr, "reading -only: %v\n", err)
		os.Exit(2)
	}
	quiet := true // progress is for a terminal
	if st, err := os.Stderr.Stat(); err == nil {
		quiet = st.Mode()&os.ModeCharDevice == 0
	}
	var rows []row
	add := func(work, unit string, target float64, note string, run func(c contender) result) {
		if !match.MatchString(work) {
			return
		}
		r := row{Work: work, Unit: unit, Target: target, Note: note, Results: map[string]result{}}
		for _, c := range peers {
			if !quiet {
				fmt.Fprintf(os.Stderr, "\r\033[K%s: %s", work, c.name())
			}
			r.Results[c.name()] = run(c)
		}
		rows = append(rows, r)
	}
	speed(add)
	memory(add)
	if !quiet {
		fmt.Fprint(os.Stderr, "\r\033[K")
	}
	rep := report{Machine: thisMachine(), Rows: rows}
	rep.print(os.Stdout)
	if *out != "" {
		if err := rep.write(*out); err != nil {
			fmt.Fprintf(os.Stderr, "writing the rows to %s: %v\n", *out, err)
			os.Exit(1)
		}
		fmt.Printf("\nrows written to %s\n", *out)
	}
}

type adder func(work, unit string, target float64, note string, run func(c contender) result)

var (
	ten    = netip.MustParsePrefix("10.0.0.0/8")
	ula    = netip.MustParsePrefix("fd00::/48")
	wide   = netip.MustParsePrefix("fd00::/16")
	twelve = netip.MustParsePrefix("10.0.0.0/12")
)

func speed(add adder) {
	add("fill 65,536 /24 of a /8", "ns/op", 60, "", func(c contender) result { return c.fill(ten, 24) })
	add("fill 65,536 /80 of a /48", "ns/op", 60, "", func(c contender) result { return c.fill(ula, 80) })
	rows := []int{50, 90, 99}
	add("the measuring loop of the next rows alone", "ns/op", 0, "does nothing but what every contender's loop does around it", func(c contender) result {
		if c.name() != "vpcnative" {
			return refuses
		}
		return idle.churn(ten, 24, 99)
	})
	for _, percent := range rows {
		add(fmt.Sprintf("free and allocate at %d %%", percent), "ns/op", 80, "",
			func(c contender) result { return c.churn(ten, 24, percent) })
	}
	add("free and allocate the last block", "ns/op", 100, "", func(c contender) result { return c.last(ten, 24) })
	add("the same at 90 %, quarantine 1 ms", "ns/op", 80, "one microsecond an operation: 1,000 rest", func(c contender) result {
		if c.name() != "vpcnative" {
			return refuses
		}
		return vpcnative(time.Millisecond).churn(ten, 24, 90)
	})
	add("mixed /20 to /28 of a /12 at 99 %", "ns/op", 0, "", func(c contender) result { return c.mixed(twelve, 20, 28) })
	known := network(ten, 24, 1, nil)
	add("restore 65,536 /24 in order", "ns/op", 0, "", func(c contender) result { return c.restore(ten, known) })
	random := network(ten, 24, 1, rand.New(rand.NewPCG(7, 8)))
	add("restore 65,536 /24 at random", "ns/op", 0, "", func(c contender) result { return c.restore(ten, random) })
}

func memory(add adder) {
	held := func(s state) func(c contender) result { return func(c contender) result { return c.memory(s) } }
	add("memory: 65,536 /24 held", "bytes/prefix", 24, "", held(state{parent: ten, bits: 24, percent: 100, smalls: blocks}))
	add("memory: 65,536 /80 held", "bytes/prefix", 24, "", held(state{parent: ula, bits: 80, percent: 100, smalls: blocks}))
	add("memory: filled, 99 % held", "bytes/prefix", 0, "", held(state{parent: ten, bits: 24, percent: 99, smalls: blocks}))
	add("memory: filled, 90 % held", "bytes/prefix", 0, "", held(state{parent: ten, bits: 24, percent: 90, smalls: blocks}))
	add("memory: filled, 50 % held", "bytes/prefix", 0, "tables do not shrink", held(state{parent: ten, bits: 24, percent: 50, smalls: blocks}))
	add("memory: every other /24 restored", "bytes/prefix", 24, "", held(state{parent: ten, bits: 24, known: network(ten, 24, 2, nil), smalls: blocks}))
	add("memory: 65,536 /128 of a /16", "bytes/prefix", 24, "", held(state{parent: wide, bits: 128, percent: 100, smalls: blocks}))
}
