package aws

import "github.com/vpcnative/vpcnative/cloud"

// Bucket is the token bucket of a call: EC2 keeps one for each action of an
// account in a region, which everybody in the account shares.
// Source: docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
func Bucket(c cloud.Call) (perSecond float64, burst int) {
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
