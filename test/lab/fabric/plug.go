package fabric

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// Plug joins a machine's namespace to the fabric. As on both clouds the guest
// has its primary address alone, and its subnet's gateway for all else. With no
// namespace it is this one, which gets routes into the VPC instead of a default
// one: so the control plane's machine can be where its processes are.
func (f *Fabric) Plug(ctx context.Context, instance, ns string) (NIC, error) {
	v, err := f.reader.read(ctx)
	if err != nil {
		return NIC{}, fmt.Errorf("plugging in %s: %w", instance, err)
	}
	m, ok := v.machine(instance)
	if !ok {
		return NIC{}, fmt.Errorf("plugging in %s: the cloud has no such instance that runs", instance)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if was, ok := f.nics[instance]; ok { // one that was made anew
		_ = netns.IP(ctx, f.Namespace(), "link del "+was.Device)
		delete(f.nics, instance)
		delete(f.guests, instance)
		f.forget()
	}
	f.plugs++
	n := NIC{
		Instance: instance, Device: f.device(instance), Primary: m.Primary, External: external(f.plugs),
		index: f.plugs, netns: ns, guest: "eth0",
	}
	if ns == "" {
		n.guest = f.Prefix + "eth0"
	}
	if err := f.wire(ctx, n, m); err != nil {
		_ = netns.IP(ctx, f.Namespace(), "link del "+n.Device)
		return NIC{}, fmt.Errorf("plugging in %s: %w", instance, err)
	}
	f.nics[instance], f.marks[instance] = n, n.mark()
	if err := f.apply(ctx); err != nil {
		return NIC{}, fmt.Errorf("plugging in %s: %w", instance, err)
	}
	return n, nil
}

// Unplug takes a machine off the fabric, as when it ends.
func (f *Fabric) Unplug(ctx context.Context, instance string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, ok := f.nics[instance]
	if !ok {
		return
	}
	delete(f.nics, instance)
	delete(f.guests, instance)
	f.forget()
	_ = netns.IP(ctx, f.Namespace(), "link del "+n.Device) // unless it went with the machine's namespace
}

// device is short enough for the kernel: 15 bytes.
func (f *Fabric) device(instance string) string {
	short := instance[max(0, len(instance)-11):]
	for _, n := range f.nics {
		if n.Device == "nic-"+short {
			return fmt.Sprintf("nic-%d", f.plugs)
		}
	}
	return "nic-" + short
}

func external(index int) netip.Addr {
	return netip.AddrFrom4([4]byte{203, 0, 113, byte(2 + index%250)})
}

// wire makes the pair of devices. A link of this namespace cannot be given a
// name in another by a peer that has none, so it is made here in that case.
func (f *Fabric) wire(ctx context.Context, n NIC, m Machine) error {
	link := fmt.Sprintf("link add %s mtu %d type veth peer name %s mtu %d netns ", n.guest, mtu, n.Device, mtu) + f.Namespace()
	if err := netns.IP(ctx, n.netns, link); err != nil {
		return err
	}
	if err := netns.IP(ctx, f.Namespace(), "link set "+n.Device+" up"); err != nil {
		return err
	}
	guest := []string{
		fmt.Sprintf("addr add %s/32 dev %s", m.Primary, n.guest), fmt.Sprintf("link set %s up", n.guest),
		fmt.Sprintf("route add %s dev %s", m.Gateway, n.guest),
	}
	if n.netns != "" {
		guest = append(guest, fmt.Sprintf("route add default via %s dev %s src %s", m.Gateway, n.guest, m.Primary))
	}
	if err := netns.IP(ctx, n.netns, guest...); err != nil {
		return fmt.Errorf("%w (%s)", err, strings.Join(guest, "; "))
	}
	return nil
}
