package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// output is how a command writes.
type output struct {
	format string
	ascii  bool
}

var formats = []string{"table", "json", "yaml"}

func (o *output) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.format, "output", "o", "table", "output format: table, json or yaml")
	f.BoolVar(&o.ascii, "ascii", false, "print ASCII only (default if the locale is not UTF-8)")
	cmd.PreRunE = func(*cobra.Command, []string) error { return o.validate() }
	must(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)))
}

// must is for what fails only by a bug in this program.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (o *output) validate() error {
	if !slices.Contains(formats, o.format) {
		return fmt.Errorf("--output=%s: must be table, json or yaml", o.format)
	}
	return nil
}

// style is what w can show. There is no colour where w is no terminal, or
// where NO_COLOR says so (https://no-color.org).
func (o *output) style(w io.Writer) show.Style {
	s := show.Style{ASCII: o.ascii || !utf8Locale()}
	if file, ok := w.(*os.File); ok {
		s.Colour = isatty.IsTerminal(file.Fd()) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return s
}

// utf8Locale follows the order in which POSIX reads the variables.
func utf8Locale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// print prints for people.
func (o *output) print(w io.Writer, print func(*show.Printer)) error {
	p := &show.Printer{Style: o.style(w)}
	print(p)
	_, err := io.WriteString(w, p.String())
	return err
}

// write writes a value as JSON or YAML, or has it printed.
func (o *output) write(w io.Writer, value any, print func(*show.Printer)) error {
	switch o.format {
	case "json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(value)
	case "yaml":
		text, err := yaml.Marshal(value)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	}
	return o.print(w, print)
}
