package aws

import "github.com/vpcnative/vpcnative/cloud"

// Bucket is our share of the token bucket of a call. EC2 keeps one for each
// action of an account in a region: a tenth of its rate and a fifth of its
// burst are left to everybody else in the account.
// Source: docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
// ELB has one for all reads, one for targets and one for other changes.
func Bucket(c cloud.Call) (perSecond float64, burst int) {
	perSecond, burst = wholeBucket(c)
	return perSecond * 9 / 10, burst * 4 / 5
}

func wholeBucket(c cloud.Call) (perSecond float64, burst int) {
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
