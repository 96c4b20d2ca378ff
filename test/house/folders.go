package main

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// mutual are the pairs of folders side by side of which each imports something
// below the other. The Go compiler allows such loops between groups of packages.
// A folder's own files stand beside the folders in it, as ".".
func mutual(shipped []source) (out []string) {
	one := map[[2]string]bool{} // the first imports the second
	for _, s := range shipped {
		for _, i := range s.file.Imports {
			to, err := strconv.Unquote(i.Path.Value)
			if rel, ok := strings.CutPrefix(to, module); ok && err == nil && rel != s.dir() {
				one[siblings(s.dir(), rel)] = true
			}
		}
	}
	for pair := range maps.Keys(one) {
		if pair[0] < pair[1] && one[[2]string{pair[1], pair[0]}] {
			out = append(out, pair[0]+" <-> "+pair[1])
		}
	}
	slices.Sort(out)
	return out
}

// siblings are the folders of two packages where their ways part.
func siblings(from, to string) [2]string {
	a, b := strings.Split(from+"/.", "/"), strings.Split(to+"/.", "/")
	n := 0
	for a[n] == b[n] {
		n++
	}
	base := path.Join(a[:n]...)
	return [2]string{base + "/" + a[n], base + "/" + b[n]}
}
