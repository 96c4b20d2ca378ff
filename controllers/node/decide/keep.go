package decide

// Keep looks after a Node that publishes podCIDRs: its prefix is known as taken,
// is on the instance, and the Node says so. What it publishes is never changed.
func Keep(v View) Step {
	n, h := v.Node, v.Allocation
	switch {
	case h != nil && h.Prefix != n.Published:
		return step(GiveWay, "somebody else published while ours was on its way")
	case !n.Published.IsValid():
		return step(LeaveForeign, "what it publishes lies in no range of ours")
	case v.Adopts():
		return step(Adopt, "it publishes a prefix of ours and does not hold it yet")
	case n.IPv6.IsValid() && h.Delegated != n.IPv6:
		return step(Adopt, "it publishes an IPv6 prefix and does not hold it yet")
	case !v.Recorded:
		return step(Record, "it publishes what it holds")
	case h.Observed:
		return observe(v)
	}
	return attached(v)
}

// attached keeps what a Node publishes on its instance.
func attached(v View) Step {
	op, looked := v.Operation, v.Interface != nil
	asked := looked || op.Ended || v.Missed // whether its prefix is there
	switch {
	case op.UnderWay:
		return wait(0, "an operation is under way")
	case op.Err != nil:
		return attachFailed(v)
	case !asked && v.Node.Ready:
		return step(Done, "it is ready, and the last reading did not miss its prefix")
	case !asked && v.Node.Reported:
		return wait(0, "the cache is yet to show that it was reported to be ready")
	case v.Unreadable || v.Node.Instance == "":
		return step(Retry, "its instance cannot be read")
	case !looked:
		return step(Look, "whether its prefix is on its instance")
	case v.Interface.Refused != nil:
		return refuse(v.Interface.Refused)
	case !v.Interface.Carries:
		return step(PutBack, "its instance does not carry what it publishes")
	case v.Interface.IPv6Changed != nil:
		return refuse(v.Interface.IPv6Changed)
	}
	return step(ReportReady, "its instance carries what it publishes")
}

// observe looks after a Node that publishes a part of our ranges that nothing of
// ours ever put on its machine: it is served by an overlay network. To attach
// that unasked could break what serves. So its part is nobody else's, and that
// is all. Where the request says adoption Attach such Nodes are attached one
// after the other, and none while one fails.
func observe(v View) Step {
	switch {
	case v.Unreadable || v.Node.Instance == "":
		return step(Done, "its instance cannot be read")
	case !v.Attaches && !v.Fresh:
		return step(Done, "it is observed: nothing of ours put its prefix on its machine")
	case v.Attaches && !v.Turn:
		return wait(0, "other Nodes of its request are attached first")
	case v.Interface == nil:
		return step(Look, "whether its instance carries what it publishes")
	case v.Interface.Refused == nil && v.Interface.Carries:
		return step(EndObserving, "its instance carries what it publishes")
	case !v.Attaches:
		return step(Done, "it is observed until the next reading of all interfaces")
	case v.Interface.Refused != nil:
		return refuse(v.Interface.Refused)
	}
	return step(PutBack, "it is its turn to be attached")
}

// Adopts reports whether the Node is to become the holder of what it publishes:
// nobody is, or its instance was not known when it became that.
func (v View) Adopts() bool {
	h := v.Allocation
	return h == nil || h.Instance == "" && v.Node.Instance != ""
}
