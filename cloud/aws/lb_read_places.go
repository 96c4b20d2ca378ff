package aws

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Fields of subnets, which are only read.
const (
	fieldZone     = "zone"
	fieldZoneType = "zone-type" // empty where it is not known
	fieldOutpost  = "outpost"
	fieldCIDR     = "cidr" // empty where it has IPv6 only
	fieldIPv6     = "ipv6"
	fieldFree     = "free"  // addresses
	fieldTable    = "table" // the route table that it uses
	fieldWay      = "way"   // where that leads 0.0.0.0/0
	fieldWay6     = "way6"  // and ::/0
	fieldUsed     = "used"  // single addresses on interfaces, where those are read
	fieldName     = "name"
	fieldRoles    = "roles"
	fieldClusters = "clusters"
)

// readPlaces reads the subnets, which zones they are in, and where their route
// tables lead.
func (r *reading) readPlaces(ctx context.Context) error {
	var all []place
	list := func(ctx context.Context, token string) (page[place], error) {
		return r.elb.vpcSubnets(ctx, r.VPC, token)
	}
	err := pages(ctx, r.vpc, actionSubnets, subject{"list the subnets", r.VPC}, list, func(p place) error {
		all = append(all, p)
		return nil
	})
	if err != nil {
		return err
	}
	types, err := r.zoneTypes(ctx, all)
	if err != nil {
		return err
	}
	t, err := r.readTables(ctx, subject{"list the route tables", r.VPC})
	if err != nil {
		return err
	}
	for _, p := range all {
		f := p.fields()
		if kind := types[p.zone]; kind != "" {
			f[fieldZoneType] = []string{kind}
		}
		table := t.of(p.id)
		f[fieldTable], f[fieldWay], f[fieldWay6] = []string{table.id}, []string{table.way(0)}, []string{table.way(1)}
		r.put(lb.Resource{Ref: lb.Ref{Kind: kindSubnet, Name: p.id}, Fields: f})
	}
	return nil
}

func (p place) fields() lb.Fields {
	f := lb.Fields{fieldZone: {p.zone}, fieldOutpost: {p.outpost}, fieldCIDR: {p.cidr}, fieldIPv6: {strconv.FormatBool(p.ipv6)}, fieldName: {p.tags[nameTag]}, fieldRoles: nil}
	if p.free != nil {
		f[fieldFree] = []string{strconv.Itoa(int(*p.free))}
	}
	for key, value := range p.tags {
		if role, ok := strings.CutPrefix(key, roleTag); ok && (value == "1" || value == "") {
			f[fieldRoles] = append(f[fieldRoles], role)
		}
		if name, ok := strings.CutPrefix(key, clusterTag); ok {
			f[fieldClusters] = append(f[fieldClusters], name)
		}
	}
	return f
}

const (
	roleTag    = "kubernetes.io/role/"
	clusterTag = "kubernetes.io/cluster/"
)

// of is the table that a subnet uses: its own, or else the VPC's main one.
func (t tables) of(subnet string) (out routeTable) {
	for _, table := range t.all {
		if slices.Contains(table.subnets, subnet) {
			return table
		}
		if table.main {
			out = table
		}
	}
	return out
}

// way is where the table leads all of IPv4 (0) or IPv6 (1) that it has no other
// route for; empty where that is nowhere.
func (t routeTable) way(family int) string {
	r, ok := t.route(everywhere[family])
	if !ok || r.dead {
		return ""
	}
	return r.target
}

// zoneTypes remembers the types of zones, which do not change.
type zoneTypes struct {
	mu sync.Mutex
	of map[string]string
}

// ordinaryZone is the type of Availability Zones.
const ordinaryZone = "availability-zone"

// zoneTypes returns the type of each subnet's zone. They are asked for where one
// is not known yet. Whoever may not ask keeps the balancers that there are: in
// those subnets they evidently can be.
func (v balancers) zoneTypes(ctx context.Context, all []place) (map[string]string, error) {
	v.types.mu.Lock()
	known := v.types.of
	v.types.mu.Unlock()
	if !slices.ContainsFunc(all, func(p place) bool { return known[p.zone] == "" }) {
		return known, nil
	}
	got, err := read(ctx, v.vpc, actionZones, subject{"list the zones", v.Region}, v.elb.zoneTypes)
	if cloud.Is(err, cloud.PermissionDenied) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	v.types.mu.Lock()
	defer v.types.mu.Unlock()
	v.types.of = got
	return got, nil
}
