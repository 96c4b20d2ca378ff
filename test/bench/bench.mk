# Included by the root Makefile; paths are relative to the root.

.PHONY: bench
bench: ## Compare the address pool with its peers; results in bin/bench/ipam.json.
	cd test/bench && go run ./cmd/ipam -json ../../bin/bench/ipam.json
