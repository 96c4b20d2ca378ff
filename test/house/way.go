package main

import "regexp"

const contributing = "CONTRIBUTING.md"

var (
	// wayOfNode is the list under its heading, up to an empty line and whatever
	// is no part of a list.
	wayOfNode = regexp.MustCompile(`(?m)^\*\*The way of a Node\.\*\*[^\n]*\n((?:[^\n]+\n|\n[ \t]*(?:[-*]|\d+\.) )*)`)
	goFile    = regexp.MustCompile("`([a-z0-9_/]+\\.go)`")
)

// way is the list of files that a Node's way touches, and which of them there
// are not.
func way(t tree) (files, missing []string) {
	m := wayOfNode.FindSubmatch(t[contributing])
	if m == nil {
		return nil, nil
	}
	seen := map[string]bool{}
	for _, f := range goFile.FindAllSubmatch(m[1], -1) {
		name := string(f[1])
		if seen[name] {
			continue
		}
		seen[name] = true
		files = append(files, name)
		if t[name] == nil {
			missing = append(missing, name)
		}
	}
	return files, missing
}
