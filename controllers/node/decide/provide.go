package decide

import (
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// CatchUp is when a Node comes again for which the requests that were read are
// behind.
const CatchUp = 100 * time.Millisecond

// Provide brings a Node without podCIDRs to one: pick, claim, attach, confirm,
// publish (I2). What is durable before the cloud is asked stays so.
func Provide(v View) Step {
	n, op := v.Node, v.Operation
	switch {
	case v.Outdated:
		return Step{Do: Ignore, Why: "the requests have changed and are read anew", Again: CatchUp}
	case v.Unselected:
		return step(Ignore, "no RangeRequest selects it")
	case n.Instance == "":
		return refuse(&conditions.Refusal{Reason: v1alpha1.ReasonWaitingForProviderID, Quiet: true,
			Text: "the Node has no spec.providerID yet; the cloud controller manager's node controller sets it: check that it runs"})
	case op.UnderWay:
		return wait(0, "an operation is under way")
	case op.Err != nil:
		return attachFailed(v)
	case op.Ended:
		return step(Publish, "the cloud has attached its prefix")
	case v.Drops():
		return step(Drop, "it was picked out of a request that the Node is not to draw from any more")
	case v.Refused != nil:
		return refuse(v.Refused)
	case v.Interface == nil:
		return step(Look, "where its prefix is to come to")
	case v.Interface.Refused != nil:
		return refuse(v.Interface.Refused)
	}
	return prepare(v)
}

// prepare brings the prefix of a Node, whose interface was looked at, to it.
func prepare(v View) Step {
	h := v.Allocation
	switch {
	case h != nil && v.Interface.Moved:
		return step(Cede, "another machine has taken the name, and its subnet has other ranges")
	case h == nil:
		return step(Pick, "it holds nothing")
	case !v.Claimed:
		return step(Claim, "what it is promised is durable before the cloud is asked")
	case v.Interface.Carries:
		return step(Publish, "its instance carries its prefix")
	}
	return step(Attach, "its instance does not carry its prefix")
}

// Drops reports whether what the Node was picked, and was not promised yet, is to
// be given back.
func (v View) Drops() bool {
	h := v.Allocation
	return h != nil && !h.Durable && (v.Stopped || v.Better && !h.Found)
}

// attachFailed decides by what the cloud said. A claim is given up only where
// the cloud says for certain that the prefix is another's.
func attachFailed(v View) Step {
	err := v.Operation.Err
	no := conditions.FromCloud(err)
	promised := v.Allocation != nil && len(v.Node.PodCIDRs) == 0
	switch {
	case cloud.Is(err, cloud.Conflict) && promised:
		no.Reason = v1alpha1.ReasonPrefixTaken
		return cede(no, "another prefix is tried")
	case !cloud.Is(err, cloud.NotFound) || v.Unreadable:
		return refuse(no)
	case v.Interface == nil:
		return step(Look, "whether the instance or the range was not found")
	case v.Interface.Gone:
		return refuse(v.Interface.Refused)
	case v.Interface.Refused != nil: // where a second look cannot be had, the cloud's word stands as it is
		return refuse(no)
	case v.Interface.Replaced:
		return refuse(NoInstance(err))
	}
	no.Reason = v1alpha1.ReasonRangeMissing
	if v.Better && promised {
		return cede(no, "a range of another request, which selects the node by now, is tried")
	}
	return refuse(no)
}

func cede(no *conditions.Refusal, instead string) Step {
	no.Text += "; " + instead
	return Step{Do: Cede, Why: no.Text, Refusal: no}
}

// NoInstance is the refusal of an instance that cannot be read.
func NoInstance(err error) *conditions.Refusal {
	no := conditions.FromCloud(err)
	if cloud.Is(err, cloud.NotFound) {
		no.Reason = v1alpha1.ReasonInstanceNotFound
		no.Text += "; the Node's providerID must name an instance of the Network's projects: the instance may be still to come, or the Node left behind by one that is gone"
	}
	return no
}
