# Included by the root Makefile; paths are relative to the root.

.PHONY: bench
bench: ## measure the address pool beside its peers; rows go to bin/bench/ipam.json
	cd test/bench && go run ./cmd/ipam -json ../../bin/bench/ipam.json
