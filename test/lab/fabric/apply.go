package fabric

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/vpcnative/vpcnative/test/lab/balance"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// apply brings the kernel to what the cloud says and the probes found. The
// rules come first: who may no longer send must not while routes change.
func (f *Fabric) apply(ctx context.Context) error {
	nics := slices.SortedFunc(maps.Values(f.nics), func(a, b NIC) int { return a.index - b.index })
	health := f.prober.Health()
	v := f.current
	var cuts []balance.Cut
	v.Balancers, cuts = f.drain.Follow(v.Balancers, health, time.Now())
	want := Render(v, nics, health)
	if want.Rules != f.applied.Rules {
		cmd := netns.Command(ctx, f.Namespace(), "nft", "-f", "-")
		cmd.Stdin = strings.NewReader(want.Rules)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("setting the rules: %w: %s\n%s", err, out, want.Rules)
		}
		f.applied.Rules = want.Rules
	}
	if err := follow(ctx, f.Namespace(), f.applied.Ways, want.Ways); err != nil {
		return errors.Join(err, f.forgetGone())
	}
	f.applied.Ways = want.Ways
	f.prober.Watch(f.targets())
	err := f.proxies.Follow(v.Balancers, health)
	for _, c := range cuts {
		f.cut(ctx, c)
	}
	return errors.Join(err, f.applyGuests(ctx, want))
}

// cut ends a proxy's connections, and forgets others: their next packets are
// taken for new ones and go to another member, which resets them. There may be
// none, which is an error to the program.
func (f *Fabric) cut(ctx context.Context, c balance.Cut) {
	if c.Endpoint.IsValid() {
		f.proxies.Cut(c.Balancer, c.Endpoint)
		return
	}
	args := []string{"-D", "-d", c.Front.String()}
	if c.Translate {
		args = append(args, "-r", c.Member.String())
	} else {
		args = append(args, "-m", fmt.Sprint(f.marks[c.Machine]))
	}
	_, _ = netns.Exec(ctx, f.Namespace(), "conntrack", args...)
}

func (f *Fabric) applyGuests(ctx context.Context, want Plan) (err error) {
	for instance, n := range f.nics {
		next := want.Guests[instance]
		if maps.Equal(f.guests[instance], next) {
			continue
		}
		if e := follow(ctx, n.netns, f.guests[instance], next); e != nil {
			err = errors.Join(err, fmt.Errorf("machine %s: %w", instance, e), f.forgetGone())
			continue
		}
		f.guests[instance] = next
	}
	return err
}

// follow leads a namespace's routes and policy rules from one state to another.
// What is gone already, as with a device, need not be deleted. Rules that are
// there already, after a batch that failed half-way, would be an error.
func follow(ctx context.Context, ns string, was, want map[string]string) error {
	del, set := changes(was, want)
	for _, line := range set {
		if rule, ok := strings.CutPrefix(line, "rule add "); ok {
			del = append(del, "rule del "+rule)
		}
	}
	for _, line := range del {
		_ = netns.IP(ctx, ns, line)
	}
	if len(set) == 0 {
		return nil
	}
	return netns.IP(ctx, ns, set...)
}

// forgetGone unplugs the NICs of machines whose namespaces are gone, and has
// all routes set anew.
func (f *Fabric) forgetGone() error {
	there, err := netns.List("")
	if err != nil {
		return err
	}
	for instance, n := range f.nics {
		if n.netns != "" && !slices.Contains(there, n.netns) {
			f.Log("fabric: the namespace %s of %s is gone", n.netns, instance)
			delete(f.nics, instance)
			delete(f.guests, instance)
		}
	}
	f.forget()
	return nil
}

// forget has everything set again: `ip route replace` does no harm, and policy
// rules, which have no such verb, are kept.
func (f *Fabric) forget() {
	maps.DeleteFunc(f.applied.Ways, func(key, _ string) bool { return !strings.HasPrefix(key, "rule") })
}

// Dropped counts the packets that the fabric dropped, by NIC and reason: "nic-a
// spoofed" is one that the sender has no right to, "nic-a refused" one that no
// firewall rule lets in. "wan" is the gateway.
func (f *Fabric) Dropped() map[string]int {
	dropped := map[string]int{}
	out, err := exec.Command("nsenter", "--net="+netns.Path(f.Namespace()), "nft", "-j", "list", "counters", "table", "inet", "vpc").Output()
	if err != nil {
		f.Log("fabric: reading the counters: %v", err)
		return dropped
	}
	var reply struct {
		NFTables []struct {
			Counter *struct {
				Name    string
				Packets int
			}
		}
	}
	if err := json.Unmarshal(out, &reply); err != nil {
		f.Log("fabric: reading the counters: %v", err)
	}
	for _, x := range reply.NFTables {
		if x.Counter != nil && x.Counter.Packets > 0 {
			reason, device, _ := strings.Cut(x.Counter.Name, "-")
			dropped[device+" "+reason] = x.Counter.Packets
		}
	}
	return dropped
}
