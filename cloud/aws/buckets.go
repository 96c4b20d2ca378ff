package aws

import "github.com/vpcnative/vpcnative/cloud"

// Bucket is the token bucket of a call: EC2 keeps one for each action of an
// account in a region, which everybody in the account shares.
// Source: docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
// ELB has one for all reads, one for targets and one for other changes.
func Bucket(c cloud.Call) (perSecond float64, burst int) {
	switch ofELB[c.Method] {
	case elbRead:
		return 10, 40
	case elbTargets:
		return 4, 20
	case elbChange:
		return 3, 20
	}
	switch c.Method {
	case actionReserve, actionUnreserve:
		return 1, 5
	case actionAssign, actionUnassign, actionAssign6, actionCheck:
		return 5, 100
	}
	if c.Mutates {
		return 5, 50
	}
	return 20, 100
}
