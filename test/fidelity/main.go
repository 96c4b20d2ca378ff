// Command fidelity holds recorded exchanges between the adapters and the
// simulators against what the clouds publish of their APIs: Google's discovery
// document, and Amazon's models of EC2 and ELBv2. It fails on every deviation
// that is not in the list of known ones, and on an entry of that list that is
// seen no more.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	//lint:ignore SA1019 nothing is called of it: its module brings Amazon's models
	_ "github.com/aws/aws-sdk-go/aws/awserr"
)

func main() {
	records := flag.String("records", "", "directory of recorded exchanges")
	google := flag.String("google", "", "directory of module google.golang.org/api")
	amazon := flag.String("amazon", "", "directory of module github.com/aws/aws-sdk-go")
	flag.Parse()
	apis, err := load(*google, *amazon)
	if err == nil {
		err = run(apis, *records)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "fidelity: %v\n", err)
		os.Exit(1)
	}
}

func run(apis *apis, records string) error {
	files, err := filepath.Glob(filepath.Join(records, "*.jsonl"))
	if err != nil {
		return err
	}
	found := newTally()
	for _, file := range files {
		if err := found.file(apis, file); err != nil {
			return err
		}
	}
	return found.report(os.Stdout)
}
