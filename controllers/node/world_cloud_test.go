package node

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

type instance struct {
	prefixes  []netip.Prefix
	uid       string
	born      netip.Prefix // what it was created with
	delegated netip.Prefix // its IPv6, where it has one
	subnet    string
	version   int // of what it carries
}

// version is what the cloud showed of a VM from then on; nil: no such VM.
type version struct {
	at    time.Time
	shown *cloud.Interface
}

// oldest is how old what the cloud shows of an instance may be: less than
// the controller's Staleness.
const oldest = 4 * time.Second

// subnetOf returns the subnet whose range the prefix lies in.
func (w *world) subnetOf(p netip.Prefix) string {
	for _, r := range w.requests {
		for _, g := range r.Status.Ranges {
			if netip.MustParsePrefix(g.CIDR).Overlaps(p) {
				return g.Subnet
			}
		}
	}
	return ""
}

// remember notes that a VM has changed.
func (w *world) remember(id string) {
	v := version{at: time.Now()}
	if i := w.instances[id]; i != nil {
		i.version++
		shown := w.view(id, i)
		v.shown = &shown
	}
	w.past[id] = append(w.past[id], v)
}

// stale returns what the cloud showed of a VM a while ago. It may lack what is
// there, and shows nothing that is no longer there: whom a look shows with
// its prefix is believed at once.
func (w *world) stale(id string) (cloud.Interface, error) {
	then := time.Now().Add(-time.Duration(w.rnd.Int64N(int64(oldest))))
	var was version
	for _, v := range w.past[id] {
		if !v.at.After(then) {
			was = v
		}
	}
	if was.shown == nil {
		return cloud.Interface{}, fault(cloud.NotFound)
	}
	now, shown := w.instancesOf(id), *was.shown
	all := shown.Attachments
	shown.Attachments = nil
	for _, a := range all {
		for _, p := range prefix.Intersect([]netip.Prefix{a.Prefix}, now.prefixes) {
			shown.Attachments = append(shown.Attachments, cloud.Attachment{Prefix: p, Range: a.Range})
		}
	}
	return shown, nil
}

// holds reports whether all of a prefix is on the VM's interface.
func (i *instance) holds(p netip.Prefix) bool { return prefix.Within(i.prefixes, p) }

// freeIPv6 returns the first IPv6 prefix that no VM has, where VMs have any.
// The cloud lets none rest.
func (w *world) freeIPv6() netip.Prefix {
	if len(w.requests[0].Spec.IPFamilies) < 2 || w.pairs.IsValid() {
		return netip.Prefix{}
	}
	taken := map[netip.Prefix]bool{}
	for _, i := range w.instances {
		taken[i.delegated] = true
	}
	for n := 0; ; n++ {
		if p := netip.MustParsePrefix(fmt.Sprintf("fd20:0:1:2:0:%x::/112", n)); !taken[p] {
			return p
		}
	}
}

// nobody is a VPC without machines.
type nobody struct{ err error }

func (n nobody) List(context.Context) iter.Seq2[cloud.Interface, error] {
	return func(yield func(cloud.Interface, error) bool) {
		if n.err != nil {
			yield(cloud.Interface{}, n.err)
		}
	}
}

func (nobody) Get(context.Context, string) (cloud.Interface, error) {
	return cloud.Interface{}, fault(cloud.NotFound)
}

func (nobody) Limit(context.Context, cloud.Interface) (cloud.Limit, error) { return cloud.Limit{}, nil }

func (nobody) ExplainNoIPv6(context.Context, cloud.Interface) error { return nil }

func (nobody) Attach(context.Context, cloud.Interface, cloud.Attachment) (cloud.Operation, error) {
	return cloud.Operation{}, fault(cloud.NotFound)
}

func (nobody) Detach(context.Context, cloud.Interface, cloud.Attachment) (cloud.Operation, error) {
	return cloud.Operation{}, fault(cloud.NotFound)
}

func (nobody) Wait(context.Context, cloud.Operation) error { return nil }

// interfaces is the cloud.
type interfaces struct{ w *world }

func fault(r cloud.Reason) error { return &cloud.Error{Reason: r, Act: "act", Err: errDice} }

func (w *world) view(id string, i *instance) cloud.Interface {
	out := cloud.Interface{Instance: id, InstanceUID: i.uid, Subnet: i.subnet, SubnetName: i.subnet, Delegated: i.delegated, Paired: w.paired(), Version: fmt.Sprint(i.version)}
	for _, p := range i.prefixes {
		out.Attachments = append(out.Attachments, cloud.Attachment{Prefix: p, Range: "vn-pods"})
	}
	return out
}

func (f interfaces) List(context.Context) iter.Seq2[cloud.Interface, error] {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.lists++
	err := f.w.unlucky()
	var all []cloud.Interface
	for id, i := range f.w.instances {
		all = append(all, f.w.view(id, i))
	}
	return func(yield func(cloud.Interface, error) bool) {
		if err != nil {
			yield(cloud.Interface{}, fault(cloud.Unavailable))
			return
		}
		for _, i := range all {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func (f interfaces) Get(_ context.Context, id string) (cloud.Interface, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if f.w.unlucky() != nil {
		return cloud.Interface{}, fault(cloud.Unavailable)
	}
	f.w.gets++
	if f.w.old != nil {
		if i, err, is := f.w.old(id); is {
			return i, err
		}
	}
	if f.w.unlucky() != nil {
		return f.w.stale(id)
	}
	i := f.w.instances[id]
	if i == nil {
		return cloud.Interface{}, fault(cloud.NotFound)
	}
	return f.w.view(id, i), nil
}

// space is the subnet of the VMs, where ranges lie inside it.
type space struct{ w *world }

func (s space) Read(context.Context) (cloud.Snapshot, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return cloud.Snapshot{Traits: s.w.traits, Subnets: []cloud.Subnet{{Name: "nodes", Used: slices.Clone(s.w.used)}}}, nil
}

func (f interfaces) Limit(context.Context, cloud.Interface) (cloud.Limit, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	return f.w.limit, nil
}

func (f interfaces) ExplainNoIPv6(_ context.Context, i cloud.Interface) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if f.w.instancesOf(i.Instance).delegated.IsValid() || f.w.pairs.IsValid() {
		return fault(cloud.Stale)
	}
	return &cloud.Error{Reason: cloud.NotFound, Act: "find the IPv6 range", Resource: i.Instance, Remedy: "make it dual stack"}
}

func (f interfaces) Attach(_ context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return f.change("attach", i, a.Prefix, func() error {
		for id, other := range f.w.instances {
			for _, p := range other.prefixes {
				if id != i.Instance && (p.Overlaps(a.Prefix) || p == a.IPv6) {
					return fault(cloud.Conflict)
				}
			}
		}
		vm := f.w.instances[i.Instance]
		if vm == nil || vm.uid != i.InstanceUID {
			return fault(cloud.NotFound)
		}
		for n, p := range both(a.IPv6, a.Prefix) {
			if n > 0 && f.w.unlucky() != nil {
				return fault(cloud.Unavailable)
			}
			if f.w.traits.Grows && p.Addr().Is4() { // it is the pieces that are missing
				f.w.judgeAttached(i.Instance, p)
				vm.prefixes = prefix.Normalise(append(vm.prefixes, p))
				f.w.remember(i.Instance)
			} else if !slices.Contains(vm.prefixes, p) {
				if p == a.Prefix || vm.born != a.Prefix { // what goes with a prefix of somebody's choice rests as little
					f.w.judgeAttached(i.Instance, p)
				}
				vm.prefixes = append(vm.prefixes, p)
				f.w.remember(i.Instance)
			}
		}
		return nil
	})
}

func (f interfaces) Detach(_ context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return f.change("detach", i, a.Prefix, func() error {
		vm := f.w.instances[i.Instance]
		if vm == nil {
			return fault(cloud.NotFound)
		}
		for _, n := range f.w.nodes {
			if slices.Contains(n.Spec.PodCIDRs, a.Prefix.String()) {
				f.w.t.Errorf("%s was detached, which node %s publishes", a.Prefix, n.Name)
			}
		}
		if vm.born.IsValid() && vm.born.Overlaps(a.Prefix) {
			f.w.t.Errorf("I4: %s was taken off %s, which was created with it", a.Prefix, i.Instance)
		}
		if vm.uid != i.InstanceUID {
			return fault(cloud.NotFound)
		}
		for n, gone := range both(a.Prefix, a.IPv6) {
			if n > 0 && f.w.unlucky() != nil {
				return fault(cloud.Unavailable)
			}
			if f.w.traits.Grows && gone.Addr().Is4() {
				vm.prefixes = prefix.Subtract(vm.prefixes, []netip.Prefix{gone})
				f.w.departed(gone, i.Instance)
				f.w.remember(i.Instance)
			} else if slices.Contains(vm.prefixes, gone) {
				vm.prefixes = slices.DeleteFunc(vm.prefixes, func(p netip.Prefix) bool { return p == gone })
				f.w.departed(gone, i.Instance)
				f.w.remember(i.Instance)
			}
		}
		return nil
	})
}

// both are those of the two that are valid: they come and go one by one.
func both(first, then netip.Prefix) (out []netip.Prefix) {
	for _, p := range []netip.Prefix{first, then} {
		if p.IsValid() {
			out = append(out, p)
		}
	}
	return out
}

// change makes a change at once, later, or with its reply lost.
func (f interfaces) change(act string, i cloud.Interface, p netip.Prefix, do func() error) (cloud.Operation, error) {
	w := f.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.script != nil {
		if err := w.script(act, i.Instance, p); err != nil {
			return cloud.Operation{}, err
		}
	}
	if vm := w.instances[i.Instance]; vm != nil && fmt.Sprint(vm.version) != i.Version {
		return cloud.Operation{}, fault(cloud.Stale)
	}
	if vm := w.instances[i.Instance]; act == "attach" && vm != nil && vm.subnet != w.subnetOf(p) {
		return cloud.Operation{}, fault(cloud.Invalid)
	}
	if w.unlucky() != nil {
		return cloud.Operation{}, fault([]cloud.Reason{cloud.Unavailable, cloud.Throttled, cloud.Stale, cloud.QuotaExceeded}[w.rnd.IntN(4)])
	}
	lost := w.unlucky() != nil
	w.serial++
	op := cloud.Operation{ID: fmt.Sprint(w.serial), Act: act}
	took := time.Duration(w.rnd.IntN(4000)) * time.Millisecond
	ended := make(chan struct{})
	var err error
	go func() {
		time.Sleep(took)
		w.mu.Lock()
		defer w.mu.Unlock()
		err = do()
		close(ended)
	}()
	w.operations[op.ID] = func() error { <-ended; return err }
	if lost {
		return cloud.Operation{}, fault(cloud.OutcomeUnknown)
	}
	return op, nil
}

func (f interfaces) Wait(ctx context.Context, op cloud.Operation) error {
	f.w.mu.Lock()
	wait, lost := f.w.operations[op.ID], f.w.unlucky() != nil
	f.w.mu.Unlock()
	err := wait()
	if lost || ctx.Err() != nil {
		return fault(cloud.OutcomeUnknown)
	}
	return err
}

// pairing numbers an /80 of the block by the last 16 bits of an IPv4 prefix.
type pairing netip.Prefix

func (x pairing) IPv6For(p netip.Prefix) netip.Prefix {
	six, four := netip.Prefix(x).Addr().As16(), p.Addr().As4()
	six[8], six[9] = four[2], four[3]
	return netip.PrefixFrom(netip.AddrFrom16(six), 80)
}

func (w *world) paired() cloud.Pairing {
	if !w.pairs.IsValid() {
		return nil
	}
	return pairing(w.pairs)
}
