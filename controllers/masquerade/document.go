package masquerade

import (
	"fmt"
	"net/netip"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

const (
	// configKey is the one under which ip-masq-agent finds its file.
	configKey = "config"
	// agentLimit is how many destinations the agent takes unless the file
	// says another cidrLimit; with more it keeps the rules it has.
	agentLimit = 64
	// resyncInterval is the agent's own default.
	resyncInterval = "60s"
)

// document is ip-masq-agent's file.
// Source: github.com/kubernetes-sigs/ip-masq-agent, README and MasqConfig.
type document struct {
	NonMasqueradeCIDRs []string `json:"nonMasqueradeCIDRs"`
	CIDRLimit          int      `json:"cidrLimit,omitempty"`
	MasqLinkLocal      bool     `json:"masqLinkLocal"`
	ResyncInterval     string   `json:"resyncInterval"`
}

// Render writes the file. Agents that are older than cidrLimit pass over it.
func Render(native []netip.Prefix) (string, error) {
	d := document{NonMasqueradeCIDRs: []string{}, ResyncInterval: resyncInterval}
	for _, p := range native {
		d.NonMasqueradeCIDRs = append(d.NonMasqueradeCIDRs, p.String())
	}
	if len(native) > agentLimit {
		d.CIDRLimit = len(native)
	}
	text, err := yaml.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("writing the agent's file: %w", err)
	}
	return string(text), nil
}

// Parse reads the destinations out of a file, whoever wrote it.
func Parse(text string) ([]netip.Prefix, error) {
	var d struct {
		NonMasqueradeCIDRs []string `json:"nonMasqueradeCIDRs"`
	}
	if err := yaml.Unmarshal([]byte(text), &d); err != nil {
		return nil, fmt.Errorf("reading the agent's file: %w", err)
	}
	return parseAll(d.NonMasqueradeCIDRs)
}

func parseAll(list []string) (out []netip.Prefix, err error) {
	for _, s := range list {
		p, err := netip.ParsePrefix(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("%q is no prefix", s)
		}
		out = append(out, p.Masked())
	}
	return prefix.Normalise(out), nil
}

// parseList reads prefixes that a person separated by commas.
func parseList(text string) ([]netip.Prefix, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	return parseAll(strings.Split(text, ","))
}
