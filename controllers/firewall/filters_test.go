package firewall

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// stand is Filters of a list.
type stand struct {
	all []cloud.Filter
	err error
}

func (s stand) Read(context.Context) ([]cloud.Filter, error) { return s.all, s.err }

func (s stand) Command(r cloud.FirewallRule) string {
	return fmt.Sprint("open ", r.Targets, " to ", join(r.Sources))
}

// Traffic has to come through the filters of every kind of machine; what does
// not is said with the command that mends it, and Manage is never kept.
func TestFiltersAreJudgedKindByKind(t *testing.T) {
	t.Parallel()
	flows := map[prefix.Family]Traffic{prefix.IPv4: {Sources: cidrs("10.4.0.0/14"), Destinations: cidrs("10.0.0.0/8")}}
	open := cloud.Filter{Machines: "m-open", Target: "sg-1", Rules: []cloud.FirewallRule{rule("sg-1", 0, false, "10.0.0.0/8", "all")}}
	shut := cloud.Filter{Machines: "m-shut", Target: "sg-2", Rules: []cloud.FirewallRule{rule("sg-2", 0, false, "10.0.0.0/8", "tcp")}}
	gone := &cloud.Error{Reason: cloud.NotFound, Act: "read", Err: errors.New("no machine is there")}
	denied := &cloud.Error{Reason: cloud.PermissionDenied, Act: "read", Err: errors.New("denied"), Remedy: "allow it"}
	for name, c := range map[string]struct {
		stand  stand
		policy v1alpha1.FirewallPolicy
		want   string // the condition's status, reason, and parts of its text
		says   []string
	}{
		"all are open":           {stand{all: []cloud.Filter{open, open}}, v1alpha1.ReportFirewall, "True Ready", nil},
		"one kind is shut":       {stand{all: []cloud.Filter{open, shut}}, v1alpha1.ReportFirewall, "False FirewallRuleMissing", []string{"m-shut: no rule admits udp from 10.4.0.0/14", "run: open [sg-2] to 10.4.0.0/14"}},
		"many kinds are shut":    {stand{all: []cloud.Filter{shut, shut, shut, shut, shut}}, v1alpha1.ReportFirewall, "False FirewallRuleMissing", []string{"; and 2 more"}},
		"no machine yet":         {stand{err: gone}, v1alpha1.ReportFirewall, "Unknown Pending", []string{"no machine is there"}},
		"they cannot be read":    {stand{err: denied}, v1alpha1.ReportFirewall, "Unknown PermissionDenied", []string{"allow it"}},
		"to be kept, and open":   {stand{all: []cloud.Filter{open}}, v1alpha1.ManageFirewall, "False Unsupported", []string{"managed by hand", "admit the pod ranges"}},
		"to be kept, and shut":   {stand{all: []cloud.Filter{shut}}, v1alpha1.ManageFirewall, "False Unsupported", []string{"managed by hand", "run: open [sg-2]"}},
		"to be kept, no machine": {stand{err: gone}, v1alpha1.ManageFirewall, "False Unsupported", []string{"managed by hand"}},
	} {
		n := &v1alpha1.Network{}
		n.Spec.Firewall = c.policy
		f := New(Config{}).look(t.Context(), n, c.stand, flows)
		if got := string(f.Status) + " " + f.Reason; got != c.want {
			t.Errorf("%s: %s, want %s: %s", name, got, c.want, f.Message)
		}
		for _, say := range c.says {
			if !strings.Contains(f.Message, say) {
				t.Errorf("%s: no %q in %q", name, say, f.Message)
			}
		}
	}
}
