package awssim

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// action is one verb of the API.
type action struct {
	do      func(*Sim, *call) (any, *APIError)
	mutates bool
	// names is the parameter that names the resource.
	names string
	// params are those it knows, numbers written as N.
	params []string
	// many means that it lists: it takes filters, and pages of up to so many.
	many int
}

var (
	number     = regexp.MustCompile(`\.\d+`)
	listing    = []string{"Filter.N.Name", "Filter.N.Value.N", "MaxResults", "NextToken"}
	permitting = []string{"IpPermissions.N.IpProtocol", "IpPermissions.N.FromPort", "IpPermissions.N.ToPort",
		"IpPermissions.N.IpRanges.N.CidrIp", "IpPermissions.N.IpRanges.N.Description", "IpPermissions.N.Ipv6Ranges.N.CidrIpv6",
		"IpPermissions.N.Ipv6Ranges.N.Description", "IpPermissions.N.Groups.N.GroupId", "IpPermissions.N.Groups.N.Description"}
	creating = []string{"TagSpecification.N.ResourceType", "TagSpecification.N.Tag.N.Key", "TagSpecification.N.Tag.N.Value"}
)

// check refuses parameters that the action does not know.
func (c *call) check(a action) *APIError {
	for name := range c.params {
		plain := number.ReplaceAllString(name, ".N")
		known := c.service.knows(plain) || slices.Contains(a.params, plain) || plain == a.names || plain == a.names+".N" ||
			a.many > 0 && slices.Contains(listing, plain)
		if !known {
			return refuse(c.service.unknown, "The parameter %s is not recognized", name)
		}
	}
	return nil
}

// first is the value of a parameter, or the first of its list.
func (c *call) first(name string) string {
	if v, ok := c.params[name]; ok {
		return v
	}
	return c.params[name+".1"]
}

// list is a parameter's values, in order.
func (c *call) list(name string) (out []string) {
	for n := 1; ; n++ {
		v, ok := c.params[name+"."+strconv.Itoa(n)]
		if !ok {
			return out
		}
		out = append(out, v)
	}
}

// int reads a number, 0 where there is none.
func (c *call) int(name string) (int, *APIError) {
	v, ok := c.params[name]
	if !ok {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0, invalidValue("Value (%s) for parameter %s is invalid.", v, name)
	}
	return n, nil
}

// prefix reads an IPv4 CIDR. Host bits are dropped: EC2 canonicalises them
// silently (VPC user guide).
func (c *call) prefix(name string) (netip.Prefix, *APIError) {
	text, ok := c.params[name]
	if !ok {
		return netip.Prefix{}, missing(lower(name))
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, invalidValue("Value (%s) for parameter %s is invalid. This is not a valid CIDR block.", text, lower(name))
	}
	return p.Masked(), nil
}

func lower(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// tag is one key and its value.
type tag struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type tags []tag

func (t tags) get(key string) (string, bool) {
	for _, x := range t {
		if x.Key == key {
			return x.Value, true
		}
	}
	return "", false
}

const maxTags = 50

// with is the tags with one set.
func (t tags) with(key, value string) tags {
	out := slices.DeleteFunc(slices.Clone(t), func(x tag) bool { return x.Key == key })
	return append(out, tag{key, value})
}

// newTags reads the tags for a resource that the call creates.
func (c *call) newTags(kind string) (tags, *APIError) {
	var out tags
	for n := 1; ; n++ {
		spec := "TagSpecification." + strconv.Itoa(n)
		of, ok := c.params[spec+".ResourceType"]
		if !ok {
			return out, out.check()
		}
		if of != kind {
			return nil, invalidValue("'%s' is not a valid taggable resource type for this operation.", of)
		}
		out = append(out, c.pairs(spec+".Tag")...)
	}
}

// pairs reads a list of keys and values.
func (c *call) pairs(name string) (out tags) {
	for n := 1; ; n++ {
		at := name + "." + strconv.Itoa(n)
		key, ok := c.params[at+".Key"]
		if !ok {
			return out
		}
		out = append(out, tag{key, c.params[at+".Value"]})
	}
}

// check keeps the limits of tags: EC2 user guide, "Tag restrictions".
func (t tags) check() *APIError {
	seen := map[string]bool{}
	for _, x := range t {
		switch {
		case seen[x.Key]:
			return invalidValue("Duplicate tag key '%s' specified.", x.Key)
		case x.Key == "" || len(x.Key) > 128 || strings.HasPrefix(x.Key, "aws:"):
			return invalidValue("Tag keys starting with 'aws:' are reserved for internal use, and keys have 1 to 128 characters: '%s'", x.Key)
		case len(x.Value) > 256:
			return invalidValue("Tag value exceeds the maximum length of 256 characters")
		}
		seen[x.Key] = true
	}
	if len(t) > maxTags {
		return refuse("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	return nil
}
