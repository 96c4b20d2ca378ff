package v1alpha1

// Finalizer keeps an object until what was made for it in the cloud is gone.
const Finalizer = "vpcnative.dev/cloud-cleanup"

// FirewallFinalizer keeps a Network until the firewall rules that were made
// for it are gone.
const FirewallFinalizer = "vpcnative.dev/firewall-cleanup"

// Condition types.
const (
	// ConditionReady sums an object up: a Network was read, a RangeRequest
	// has all it asked for.
	ConditionReady = "Ready"
	// ConditionExhausted is True on a RangeRequest while nodes wait for
	// room in it.
	ConditionExhausted = "Exhausted"
	// ConditionGrowthLimited is True on a RangeRequest that should grow and
	// cannot.
	ConditionGrowthLimited = "GrowthLimited"
	// ConditionReclaimFailed is True on a RangeRequest that should give a
	// range back and cannot. It is there from the first time on.
	ConditionReclaimFailed = "ReclaimFailed"
	// ConditionAllocatorConflict is True on a RangeRequest while somebody else
	// allocates podCIDRs to its Nodes: nothing is allocated from it.
	ConditionAllocatorConflict = "AllocatorConflict"
	// ConditionForeignAlias is True on a RangeRequest while instances carry
	// prefixes of its ranges that we did not put there and no Node uses.
	ConditionForeignAlias = "ForeignAlias"
	// ConditionRangesOverlap is True on a RangeRequest one of whose ranges
	// overlaps another, so that nothing is given out of it.
	ConditionRangesOverlap = "RangesOverlap"
	// ConditionReleasePending is True on a RangeRequest while prefixes of Nodes
	// that are gone cannot be taken off their instances. It is there from the
	// first time on.
	ConditionReleasePending = "ReleasePending"
	// ConditionLedgerBlocked is True on a RangeRequest while the manager cannot
	// read or write a ConfigMap of its claims ledger. It is there from the
	// first time on.
	ConditionLedgerBlocked = "LedgerBlocked"
	// ConditionAdoptionStopped is True on a RangeRequest with adoption Attach
	// while one Node cannot be attached, so that no further one is tried. It is
	// there from the first time on.
	ConditionAdoptionStopped = "AdoptionStopped"
	// ConditionServiceCIDROverlap is True on a RangeRequest while a ServiceCIDR
	// lies over one of its ranges. It is there from the first on.
	ConditionServiceCIDROverlap = "ServiceCIDROverlap"
	// ConditionReservedInUse is True on a Network, and on a RangeRequest, while a
	// block that a Network of the VPC reserves lies over a granted range. It is
	// there from the first on.
	ConditionReservedInUse = "ReservedInUse"
	// ConditionRoutesLimited is True on a RangeRequest whose ranges hold more
	// nodes than the route tables take routes. It is there with attachment
	// Routes alone.
	ConditionRoutesLimited = "RoutesLimited"
	// ConditionSupernetInUse is True on a Network while granted ranges lie
	// outside its supernets.
	ConditionSupernetInUse = "SupernetInUse"
	// ConditionRoutesUnseen is True on a Network while part of what may be in use
	// in its VPC cannot be read. It is there from the first time on.
	ConditionRoutesUnseen = "RoutesUnseen"
	// ConditionOrphaned is True on a Network while something of requests that
	// are gone is left and cannot be removed. It is there from the first time
	// on.
	ConditionOrphaned = "Orphaned"
	// ConditionRangeRemovalHeld and ConditionLoadBalancerRemovalHeld are True on
	// a Network while nothing is removed of RangeRequests, and of Services, that
	// are gone, as too many vanished together. They are there from the first
	// time on.
	ConditionRangeRemovalHeld        = "RangeRemovalHeld"
	ConditionLoadBalancerRemovalHeld = "LoadBalancerRemovalHeld"
	// ConditionNodeReleaseHeld is True on a Network while the prefixes of Nodes
	// that are gone stay on their machines, as too many vanished together whose
	// machines live on. It is there from the first time on.
	ConditionNodeReleaseHeld = "NodeReleaseHeld"
	// ConditionMemberRemovalHeld is True on a Network while the machines of Nodes
	// that are gone stay members of its load balancers' pools, as too many
	// vanished together. It is there from the first time on.
	ConditionMemberRemovalHeld = "MemberRemovalHeld"
	// ConditionFirewall is True on a Network while the firewall lets the pod
	// ranges through.
	ConditionFirewall = "FirewallReady"
	// ConditionMasquerade is True on a Network while ip-masq-agent's
	// ConfigMap covers the VPC. It is there only with
	// --masquerade-configmap.
	ConditionMasquerade = "MasqueradeReady"
)

// Reasons of conditions, Events and metrics. A refusal has the same reason
// in all three.
const (
	ReasonReady   = "Ready"
	ReasonPending = "Pending"
	// The spec is wrong where the schema could not tell.
	ReasonInvalidSpec = "InvalidSpec"

	// About a Network.
	ReasonWrongCloud      = "WrongCloud"
	ReasonInUse           = "InUse"
	ReasonBeingDeleted    = "BeingDeleted"
	ReasonInsideSupernets = "InsideSupernets"
	ReasonReserved        = "Reserved"
	// No rule lets the pod ranges in; a rule keeps them out; there are none.
	ReasonFirewallRuleMissing = "FirewallRuleMissing"
	ReasonFirewallDenies      = "FirewallDenies"
	ReasonNoPodRanges         = "NoPodRanges"
	ReasonForeignConfigMap    = "ForeignConfigMap"
	// So many owners vanished together that nothing of theirs is removed.
	ReasonMassRemoval = "MassRemoval"

	// About a RangeRequest.
	ReasonNetworkNotFound     = "NetworkNotFound"
	ReasonNetworkNotReady     = "NetworkNotReady"
	ReasonUnsupported         = "Unsupported"
	ReasonUnknownSubnet       = "UnknownSubnet"
	ReasonAmbiguousSubnet     = "AmbiguousSubnet"
	ReasonHostBits            = "HostBits"
	ReasonOutsideSupernets    = "OutsideSupernets"
	ReasonOverlap             = "Overlap"
	ReasonNoSpace             = "NoSpace"
	ReasonNodeLargerThanRange = "NodeLargerThanRange"
	ReasonRangeMissing        = "RangeMissing"
	ReasonRangeRestored       = "RangeRestored"
	// Some of the subnets have a range, and the others cannot.
	ReasonPartlyGranted       = "PartlyGranted"
	ReasonNodesWaiting        = "NodesWaiting"
	ReasonRangesAtLimit       = "RangesAtLimit"
	ReasonGrown               = "Grown"
	ReasonGivenBack           = "GivenBack"
	ReasonSwept               = "Swept"
	ReasonAdopted             = "Adopted"
	ReasonSpaceAdded          = "SpaceAdded"
	ReasonServiceCIDRNotReady = "ServiceCIDRNotReady"
	ReasonNoServiceCIDR       = "NoServiceCIDR"
	ReasonNoRival             = "NoRival"
	ReasonForeignAlias        = "ForeignAlias"
	ReasonServiceCIDROverlap  = "ServiceCIDROverlap"
	ReasonNone                = "None"
	ReasonRoomLeft            = "RoomLeft"

	// About a Node.
	ReasonPublished            = "PodRangeReady"
	ReasonWaitingForProviderID = "WaitingForProviderID"
	ReasonWrongSubnet          = "WrongSubnet"
	ReasonNodeUndersized       = "NodeUndersized"
	ReasonRangeExhausted       = "RangeExhausted"
	ReasonForeignPodCIDR       = "ForeignPodCIDR"
	ReasonAttaching            = "Attaching"
	ReasonInstanceNotFound     = "InstanceNotFound"
	ReasonPrefixTaken          = "PrefixTaken"
	ReasonNotRestored          = "NotRestored"
	ReasonLedgerBlocked        = "LedgerBlocked"
	ReasonNoIPv6               = "NoIPv6"
	ReasonIPv6Taken            = "IPv6Taken"
	ReasonIPv6Changed          = "IPv6Changed"

	// About a Service of type LoadBalancer. Those with LoadBalancer in them are
	// the words of the cloud controllers.
	ReasonEnsured               = "EnsuredLoadBalancer"
	ReasonDeleted               = "DeletedLoadBalancer"
	ReasonNoNodes               = "UnAvailableLoadBalancer"
	ReasonMixedProtocols        = "LoadBalancerMixedProtocolNotSupported"
	ReasonPlanned               = "Planned"
	ReasonNoPorts               = "NoPorts"
	ReasonUnsupportedProtocol   = "UnsupportedProtocol"
	ReasonNoHealthCheckNodePort = "NoHealthCheckNodePort"
	ReasonInvalidAddress        = "InvalidAddress"
	ReasonInvalidSourceRange    = "InvalidSourceRange"
	ReasonNoClientsAllowed      = "NoClientsAllowed"
	ReasonInvalidAnnotation     = "InvalidAnnotation"
	ReasonAnnotationUnknown     = "AnnotationUnknown"
	ReasonAnnotationIgnored     = "AnnotationIgnored"
	ReasonAnnotationUnsupported = "AnnotationUnsupported"
	ReasonSchemeKept            = "SchemeKept"
	ReasonNoBalancers           = "NoLoadBalancers"
	ReasonNeedsAdmin            = "NeedsAdmin"
	ReasonOrphanRemoved         = "OrphanRemoved"
)

// ClassLoadBalancer is the loadBalancerClass of Services that are ours.
const ClassLoadBalancer = "vpcnative.dev/lb"

// LoadBalancerFinalizer keeps a Service until its load balancer is gone, and a
// Network until all of its are. The cloud controller acts on its own one,
// whosever the Service is, so this is another.
const LoadBalancerFinalizer = "vpcnative.dev/load-balancer-cleanup"

// ConditionLoadBalancer is True on a Service while its load balancer is as the
// Service says.
const ConditionLoadBalancer = "vpcnative.dev/LoadBalancerReady"
