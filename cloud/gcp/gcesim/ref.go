package gcesim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"regexp"
	"strings"
)

var namePattern = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

func checkName(name string) *APIError {
	if name == "" {
		return required("resource.name")
	}
	if !namePattern.MatchString(name) {
		return invalidField("resource.name", name, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'")
	}
	return nil
}

// ref is a resource named in a request.
type ref struct {
	project string
	in      scope
	name    string
}

func (r ref) path(collection string) string {
	return resourcePath(r.project, r.in, collection, r.name)
}

// parseRef reads a full URL, "projects/p/regions/r/subnetworks/s",
// "regions/r/subnetworks/s" or "global/networks/n".
func parseRef(text, project, collection string) (ref, bool) {
	if _, rest, ok := strings.Cut(text, "/compute/v1/"); ok {
		text = rest
	}
	part := strings.Split(strings.Trim(text, "/"), "/")
	if len(part) > 2 && part[0] == "projects" {
		project, part = part[1], part[2:]
	}
	var in scope
	switch {
	case len(part) == 3 && part[0] == "global":
		in, part = global, part[1:]
	case len(part) == 4 && (part[0] == "regions" || part[0] == "zones"):
		in, part = scope{part[0], part[1]}, part[2:]
	default:
		return ref{}, false
	}
	return ref{project, in, part[1]}, part[0] == collection && part[1] != ""
}

// regionOf returns the region of a zone.
func (s *Sim) regionOf(zone string) (string, bool) {
	for region, zones := range s.config.Regions {
		for _, z := range zones {
			if z == zone {
				return region, true
			}
		}
	}
	return "", false
}

// fingerprint is a new opaque value of eight bytes, different each time.
func (s *Sim) fingerprint() string {
	s.lastStamp++
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, s.lastStamp))
	return base64.StdEncoding.EncodeToString(sum[:8])
}

// checkFingerprint tells absent (400) from stale (412).
func checkFingerprint(got, current string) *APIError {
	if got == "" {
		return required("resource.fingerprint")
	}
	if got != current {
		return staleFingerprint()
	}
	return nil
}

// parseCIDR reads a range without host bits.
func parseCIDR(field, text string) (netip.Prefix, *APIError) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, invalidField(field, text, "Must be a CIDR address range.")
	}
	if p.Masked() != p {
		return p, invalidField(field, text, "Invalid IPCidrRange: %s has host bits set; did you mean %s?", text, p.Masked())
	}
	return p, nil
}

func mustPrefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }
