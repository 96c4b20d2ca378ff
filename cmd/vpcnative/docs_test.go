package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/test/golden"
)

// What differs from cluster to cluster, and what stands for it.
var (
	names = regexp.MustCompile(`vn-[a-z2-7]{8}-gpu-[a-z2-7]{8}-`)
	times = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
)

// TestExamplesInTheDocs runs every command of docs/cli.md in the cluster of
// testdata, and compares what it prints. A block of console holds commands
// after "$ ", each followed by its output.
func TestExamplesInTheDocs(t *testing.T) {
	_, kubeconfig := seed(t)
	t.Setenv("LC_ALL", "C.UTF-8")
	docs, err := filepath.Abs("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("testdata")
	content, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	ran := 0
	lines := strings.Split(string(content), "\n")
	for i := 0; i < len(lines); i++ {
		got.WriteString(lines[i] + "\n")
		if lines[i] != "```console" {
			continue
		}
		for i++; lines[i] != "```"; i++ {
			command, said := strings.CutPrefix(lines[i], "$ ")
			if !said {
				continue // what it printed when the docs were written
			}
			got.WriteString(lines[i] + "\n")
			for strings.HasSuffix(command, `\`) {
				i++
				got.WriteString(lines[i] + "\n")
				command = strings.TrimSuffix(command, `\`) + lines[i]
			}
			got.WriteString(example(t, command, kubeconfig))
			ran++
		}
		got.WriteString(lines[i] + "\n")
	}
	golden.Check(t, docs, strings.TrimSuffix(got.String(), "\n"))
	if ran < 6 {
		t.Errorf("only %d commands were found", ran)
	}
}

func example(t *testing.T, command, kubeconfig string) string {
	words := split(command)
	if words[0] == "cat" {
		content, err := os.ReadFile(words[1])
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	args := words[1:]
	if args[0] != "version" && !strings.Contains(command, "--supernet") {
		args = append(args, "--kubeconfig="+kubeconfig)
	}
	r := vpcnative(t, args...)
	text := names.ReplaceAllString(r.errs+r.out, "vn-CLUSTER-gpu-REQUEST-")
	return times.ReplaceAllString(text, "2026-01-02T03:04:05Z")
}

// split takes a command line apart at blanks, but for those in double quotes.
func split(line string) (words []string) {
	for i, part := range strings.Split(line, `"`) {
		switch {
		case i%2 == 0:
			fields := strings.Fields(part)
			if i > 0 && part != "" && part[0] != ' ' && len(fields) > 0 {
				words[len(words)-1] += fields[0]
				fields = fields[1:]
			}
			words = append(words, fields...)
		default:
			words = append(words, part)
		}
	}
	return words
}

// TestEveryCommandIsDocumented: docs/cli.md names every command, and every
// flag of the calculator.
func TestEveryCommandIsDocumented(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range command("vpcnative").Commands() {
		if !strings.Contains(string(content), "vpcnative "+c.Name()) {
			t.Errorf("docs/cli.md does not mention vpcnative %s", c.Name())
		}
	}
	for _, name := range calculatorFlags {
		if !strings.Contains(string(content), "`--"+name) {
			t.Errorf("docs/cli.md does not mention --%s", name)
		}
	}
}
