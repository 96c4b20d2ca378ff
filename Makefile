# vpcnative: run `make help` for what there is to run.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := $(CURDIR)/bin

# Without network, a module that is missing should be an error at once.
export GOTOOLCHAIN ?= local

.PHONY: help
help: ## Show this list.
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

include $(wildcard test/*/*.mk)

# Without grpc's tracing pages nothing calls methods by name, and the linker
# leaves out those that nobody calls: the manager is 57 MB and not 96, and takes
# 20 MiB less memory.
GOTAGS ?= grpcnotrace

.PHONY: build
build: ## Build the binaries into bin/.
	go build -trimpath -tags "$(GOTAGS)" -o $(BIN)/ ./cmd/...

TOOLS_STAMP := $(BIN)/tools.stamp
$(TOOLS_STAMP): test/tools/go.mod test/tools/go.sum
	@mkdir -p $(BIN)
	cd test/tools && go build -trimpath -o $(BIN)/ tool
	@touch $@

.PHONY: generate
generate: $(TOOLS_STAMP) ## Generate deepcopy functions and CRDs from api/.
	$(BIN)/controller-gen object paths=./api/...
	$(BIN)/controller-gen crd:maxDescLen=400 paths=./api/... output:crd:dir=deploy/crds

