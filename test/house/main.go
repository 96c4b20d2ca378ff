// Command house measures how the code is built: how long files and functions
// are, how much branches, which folders import each other, who shares state. It
// prints a column for the working tree, and one for each commit to compare with.
package main

import (
	"flag"
	"fmt"
	"go/token"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
)

// measures are what is counted of one tree.
type measures struct {
	rows    []row
	details []detail
}

type row struct{ name, value string }

// detail names what a row counts.
type detail struct {
	name  string
	items []string
}

func main() {
	dir := flag.String("dir", ".", "the `directory` of the working tree")
	named := flag.Bool("names", false, "also name what is counted, of the last column")
	var commits []string
	flag.Func("at", "a `commit` to compare with; may be repeated", func(c string) error { commits = append(commits, c); return nil })
	flag.Parse()
	if err := run(*dir, commits, *named); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string, commits []string, named bool) error {
	names, all := []string{}, []measures{}
	add := func(name string, t tree, err error) error {
		if err != nil {
			return err
		}
		m, err := measure(t)
		names, all = append(names, name), append(all, m)
		return err
	}
	for _, c := range commits {
		t, err := readCommit(c)
		if err := add(c, t, err); err != nil {
			return err
		}
	}
	t, err := readDir(dir)
	if err := add(dir, t, err); err != nil {
		return err
	}
	show(names, all)
	if named {
		for _, d := range all[len(all)-1].details {
			fmt.Printf("\n%s\n", d.name)
			for _, item := range d.items {
				fmt.Println("  " + item)
			}
		}
	}
	return nil
}

func show(names []string, all []measures) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer w.Flush()
	for _, name := range names {
		fmt.Fprint(w, "\t"+name)
	}
	fmt.Fprintln(w, "\t")
	for i, r := range all[0].rows {
		fmt.Fprint(w, r.name)
		for _, m := range all {
			fmt.Fprint(w, "\t"+m.rows[i].value)
		}
		fmt.Fprintln(w, "\t")
	}
}

func measure(t tree) (measures, error) {
	at := token.NewFileSet()
	shipped, doubles, tests, err := split(t, at)
	if err != nil {
		return measures{}, err
	}
	var lines, stmts int
	var perFile, perFunction, branches []int
	var over []string
	for _, s := range shipped {
		lines += s.lines
		stmts += statements(s.file)
		perFile = append(perFile, s.lines)
		for _, f := range functions(s) {
			n := complexity(f)
			perFunction = append(perFunction, at.Position(f.End()).Line-at.Position(f.Pos()).Line+1)
			branches = append(branches, n)
			if n > 15 {
				over = append(over, fmt.Sprintf("%d %s: %s", n, at.Position(f.Pos()), f.Name.Name))
			}
		}
	}
	pairs, state, reads := mutual(shipped), holders(shipped), readers(at, shipped)
	node, missing := way(t)
	return measures{
		rows: []row{
			{"lines of the product", strconv.Itoa(lines)},
			{"statements", strconv.Itoa(stmts)},
			{"files", strconv.Itoa(len(shipped))},
			{"lines per file (median, p90, max)", spread(perFile)},
			{"lines per function (median, p90, max)", spread(perFunction)},
			{"cyclomatic complexity (median, p90, max)", spread(branches)},
			{"functions over 15", strconv.Itoa(len(over))},
			{"pairs of folders that import each other", strconv.Itoa(len(pairs))},
			{"types that share state in " + nodePath, strconv.Itoa(len(state))},
			{"places in controllers that read the VPC", strconv.Itoa(len(reads))},
			{"files on the way of a Node", strconv.Itoa(len(node))},
			{"lines of simulators and test programs", strconv.Itoa(doubles)},
			{"lines of tests", strconv.Itoa(tests)},
		},
		details: []detail{
			{"functions over 15", over}, {"pairs of folders that import each other", pairs},
			{"types that share state", state}, {"places that read the VPC", reads},
			{"named on the way of a Node, and not there", missing},
		},
	}, nil
}

// spread is the median, the ninetieth percentile and the maximum.
func spread(of []int) string {
	if len(of) == 0 {
		return "-"
	}
	slices.Sort(of)
	last := len(of) - 1
	return fmt.Sprintf("%d / %d / %d", of[last/2], of[last*9/10], of[last])
}
