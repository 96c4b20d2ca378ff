# Included by the Makefile at the root of the repository. BENCHNODES_FLAGS are
# passed on, such as -nodes=500 -many=0 for a quick look.

.PHONY: bench-nodes
bench-nodes: controlplane build ## Measure how fast Nodes get their podCIDRs, compared with nodeipam.
	@go run ./test/benchnodes $(BENCHNODES_FLAGS)
