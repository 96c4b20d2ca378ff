package aws

import (
	"regexp"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

const providerScheme = "aws://"

// machineRef names an instance.
type machineRef struct{ zone, id string }

func (r machineRef) String() string { return "instance " + r.id + " in " + r.zone }

// providerID is what the cloud provider writes to Node.spec.providerID.
func (r machineRef) providerID() string { return providerScheme + "/" + r.zone + "/" + r.id }

var (
	instanceID = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)
	// zoneSuffix is what follows the region in a zone's name: a letter, or, in
	// Local Zones and Wavelength Zones, more words.
	zoneSuffix = regexp.MustCompile(`^([a-z]|(-[a-z0-9]+)+)$`)
)

// parseProviderID reads aws:///zone/i-0123456789abcdef0.
func parseProviderID(id string) (machineRef, bool) {
	rest, ok := strings.CutPrefix(id, providerScheme+"/")
	if !ok {
		return machineRef{}, false
	}
	zone, vm, ok := strings.Cut(rest, "/")
	if !ok || zone == "" || !instanceID.MatchString(vm) {
		return machineRef{}, false
	}
	return machineRef{zone, vm}, true
}

// inRegion reports whether a zone is one of the region's: "eu-west-1a", the Local
// Zone "us-west-2-lax-1a", or the Wavelength Zone "us-east-1-wl1-bos-wlz-1".
func inRegion(zone, region string) bool {
	rest, ok := strings.CutPrefix(zone, region)
	return ok && zoneSuffix.MatchString(rest)
}

// resolve parses a provider ID and refuses one that is not of this region.
func (v *vpc) resolve(act, providerID string) (machineRef, error) {
	ref, ok := parseProviderID(providerID)
	if !ok {
		return ref, &cloud.Error{
			Reason: cloud.WrongCloud, Act: act, Resource: providerID,
			Remedy: "an EC2 node's providerID reads aws:///zone/instance-id, and may leave out the zone where the Node has the label topology.kubernetes.io/zone; check which cloud controller manager set it",
		}
	}
	if !inRegion(ref.zone, v.Region) {
		return ref, &cloud.Error{
			Reason: cloud.WrongCloud, Act: act, Resource: providerID,
			Remedy: "its zone is not in region " + v.Region + ", where the Network's VPC is",
		}
	}
	return ref, nil
}
