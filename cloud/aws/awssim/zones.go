package awssim

import (
	"slices"
	"strconv"
	"strings"
)

// The types of zones.
const (
	availabilityZone = "availability-zone"
	localZone        = "local-zone"
	wavelengthZone   = "wavelength-zone"
)

// The states of opting in: Local Zones and Wavelength Zones want it.
const (
	optInNotRequired = "opt-in-not-required"
	optedIn          = "opted-in"
	notOptedIn       = "not-opted-in"
)

type zone struct {
	OptIn  string `xml:"optInStatus"`
	Group  string `xml:"groupName"`
	Border string `xml:"networkBorderGroup"`
	Region string `xml:"regionName"`
	ID     string `xml:"zoneId"`
	Name   string `xml:"zoneName"`
	State  string `xml:"zoneState"`
	Type   string `xml:"zoneType"`
	Parent string `xml:"parentZoneName,omitempty"`
}

// allZones are those of the region, also those not opted in to.
func (s *Sim) allZones() (out []zone) {
	add := func(kind string, names []string) {
		for n, name := range names {
			z := zone{OptIn: optInNotRequired, Group: s.config.Region, Border: s.config.Region, Region: s.config.Region,
				ID: kind[:1] + "z" + strconv.Itoa(n+1), Name: name, State: "available", Type: kind}
			if kind != availabilityZone {
				z.OptIn, z.Group, z.Parent = optedIn, strings.TrimRight(name, "abcdef"), s.config.Zones[0]
				z.Border = z.Group
			}
			if slices.Contains(s.config.NotOptedIn, name) {
				z.OptIn = notOptedIn
			}
			out = append(out, z)
		}
	}
	add(availabilityZone, s.config.Zones)
	add(localZone, s.config.LocalZones)
	add(wavelengthZone, s.config.WavelengthZones)
	return out
}

// zoneNamed is one of the region; its type is empty where there is none.
func (s *Sim) zoneNamed(name string) zone {
	all := s.allZones()
	at := slices.IndexFunc(all, func(z zone) bool { return z.Name == name })
	if at < 0 {
		return zone{}
	}
	return all[at]
}

func (z zone) value(filter string) (string, bool) {
	switch filter {
	case "group-name":
		return z.Group, true
	case "opt-in-status":
		return z.OptIn, true
	case "region-name":
		return z.Region, true
	case "state":
		return z.State, true
	case "zone-id":
		return z.ID, true
	case "zone-name":
		return z.Name, true
	case "zone-type":
		return z.Type, true
	case "parent-zone-name":
		return z.Parent, true
	}
	return "", false
}

type describeZonesReply struct {
	RequestID string `xml:"requestId"`
	Zones     []zone `xml:"availabilityZoneInfo>item"`
}

// describeAvailabilityZones has no pages. Without AllAvailabilityZones it
// leaves out those not opted in to.
func describeAvailabilityZones(s *Sim, c *call) (any, *APIError) {
	filters, refusal := c.filters()
	if refusal != nil {
		return nil, refusal
	}
	reply := describeZonesReply{RequestID: requestID}
	names, ids := c.list("ZoneName"), c.list("ZoneId")
	for _, name := range names {
		if s.zoneNamed(name).Type == "" {
			return nil, invalidValue("Invalid availability zone: [%s]", name)
		}
	}
	for _, z := range s.allZones() {
		if z.OptIn == notOptedIn && c.params["AllAvailabilityZones"] != "true" ||
			len(names) > 0 && !slices.Contains(names, z.Name) || len(ids) > 0 && !slices.Contains(ids, z.ID) {
			continue
		}
		hit := true
		for _, f := range filters {
			value, known := z.value(f.name)
			if !known {
				return nil, invalidValue("The filter '%s' is invalid", f.name)
			}
			hit = hit && slices.Contains(f.values, value)
		}
		if hit {
			reply.Zones = append(reply.Zones, z)
		}
	}
	return reply, nil
}

// usable are the zones in which subnets can be made.
func (s *Sim) usable() (out []string) {
	for _, z := range s.allZones() {
		if z.OptIn != notOptedIn {
			out = append(out, z.Name)
		}
	}
	return out
}
