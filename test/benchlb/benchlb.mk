# Included by the Makefile at the root of the repository. BENCHLB_FLAGS are
# passed on, such as -services=20 -nodes=50 for a quick look.

.PHONY: bench-lb
bench-lb: controlplane ## Count the cloud calls of 200 Services on 500 nodes: first build, nodes in and out, restart, idle.
	@go run ./test/benchlb $(BENCHLB_FLAGS)
