package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// counts are requests that the API server finished, by what they are:
// "PATCH nodes", "PATCH nodes/status".
type counts map[string]float64

var (
	requestLine = regexp.MustCompile(`^apiserver_request_total\{(.*)\} (\S+)$`)
	labelPair   = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

func (b *bench) apiCounts(ctx context.Context) (counts, error) {
	text, err := b.client.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the metrics of the API server: %w", err)
	}
	return parseCounts(text), nil
}

func parseCounts(text []byte) counts {
	c := counts{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		m := requestLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		labels := map[string]string{}
		for _, pair := range labelPair.FindAllStringSubmatch(m[1], -1) {
			labels[pair[1]] = pair[2]
		}
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil || labels["resource"] == "" {
			continue
		}
		what := labels["verb"] + " " + labels["resource"]
		if sub := labels["subresource"]; sub != "" {
			what += "/" + sub
		}
		c[what] += n
	}
	return c
}

// since is what came on top of an earlier count.
func (c counts) since(before counts) counts {
	diff := counts{}
	for what, n := range c {
		if d := n - before[what]; d > 0 {
			diff[what] = d
		}
	}
	return diff
}

// writes are those that change an object on behalf of Nodes. Leases are kept
// whether or not there is work, the API server's own included; Nodes are
// created by the harness; Events are told apart.
func (c counts) writes() (writes, events float64) {
	for what, n := range c {
		verb, resource, _ := strings.Cut(what, " ")
		switch verb {
		case "POST", "PUT", "PATCH", "APPLY", "DELETE":
		default:
			continue
		}
		switch {
		case resource == "events":
			events += n
		case resource == "leases", what == "POST nodes", strings.HasSuffix(resource, "reviews"):
		default:
			writes += n
		}
	}
	return writes, events
}
