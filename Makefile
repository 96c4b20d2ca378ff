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
build: ## Build the binaries into bin/, linked statically.
	CGO_ENABLED=0 go build -trimpath -tags "$(GOTAGS)" -o $(BIN)/ ./cmd/...

TOOLS_STAMP := $(BIN)/tools.stamp
$(TOOLS_STAMP): test/tools/go.mod test/tools/go.sum
	@mkdir -p $(BIN)
	cd test/tools && go build -trimpath -o $(BIN)/ tool
	@touch $@

.PHONY: generate
generate: $(TOOLS_STAMP) ## Generate deepcopy functions and CRDs from api/.
	$(BIN)/controller-gen object paths=./api/...
	$(BIN)/controller-gen crd:maxDescLen=400 paths=./api/... output:crd:dir=deploy/crds

# The stories take longest and mostly wait: they go first, and what works goes
# on beside them.
.PHONY: test
test: controlplane ## Run all tests on a real API server and the simulated cloud.
	go test -timeout 30m -p 3 ./test/e2e ./...
	cd test/controlplane && go test ./...
	cd test/bench && go test ./...

.PHONY: golden
golden: controlplane ## Write anew all golden files, and what the docs show of the code.
	WRITE_GOLDEN=1 go test -count 1 $$(go list -f '{{.ImportPath}} {{.TestImports}} {{.XTestImports}}' ./... | sed -n 's| .*/test/golden.*||p')

.PHONY: crash
crash: controlplane ## Kill, pause and confuse managers for a while (CRASH_ROUNDS, CRASH_SEED, CRASH_CLOUD, STRESS_OPS, STRESS_SEED, STRESS_CLOUD).
	go test -timeout 60m -count 1 ./test/e2e -run "TestCrash/$${CRASH_CLOUD:-}" -v \
		-args -crash.rounds=$${CRASH_ROUNDS:-20} -crash.seed=$${CRASH_SEED:-$$(date +%s)}
	go test -timeout 60m -count 1 ./test/stress -v \
		-args -stress.ops=$${STRESS_OPS:-6000} -stress.seed=$${STRESS_SEED:-$$(date +%s)} -stress.cloud=$${STRESS_CLOUD:-}

.PHONY: bench-aws
bench-aws: ## Scale up by 500 nodes against EC2's token buckets: calls made, calls throttled.
	go test -timeout 30m -count 1 ./cloud/aws -run TestScaleUp -v -args -scaleup.unpaced -scaleup.factor 2

.PHONY: fuzz
fuzz: ## Fuzz the address arithmetic (FUZZTIME each).
	@for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$package/*_test.go | cut -c6-); do \
			go test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $${FUZZTIME:-30s}; \
		done; \
	done

# The cyclomatic complexity that a function may have; tests may have more.
COMPLEXITY := 15

MODULES := . test/controlplane test/bench test/tools test/fidelity

.PHONY: verify
verify: $(TOOLS_STAMP) ## Fail on stale generated code, unformatted code, large files, complex functions, findings, broken import rules.
	@echo "generated code"; mkdir -p $(BIN)/_verify && rm -rf $(BIN)/_verify/* && cp -r api deploy/crds $(BIN)/_verify/ \
		&& $(MAKE) --no-print-directory generate >/dev/null \
		&& diff -r $(BIN)/_verify/api api && diff -r $(BIN)/_verify/crds deploy/crds \
		|| { echo "generated code was stale; make generate has renewed it: commit the result"; exit 1; }
	@echo "format"; test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)" || { echo "run gofmt -w on these"; exit 1; }
	@echo "size"; test -z "$$(find $$(git ls-files) -size +1024k | tee /dev/stderr)" \
		|| { echo "these are larger than 1 MiB, as what is built is, and git keeps it for good: take them out"; exit 1; }
	@echo "complexity"; $(BIN)/gocyclo -over $(COMPLEXITY) -ignore '_test\.go$$|/zz_generated' . \
		|| { echo "these functions are more complex than $(COMPLEXITY) (cyclomatic): split them by idea"; exit 1; }
	@for module in $(MODULES); do \
		echo "vet and staticcheck in $$module"; \
		if [ -n "$$(cd $$module && go list ./... 2>/dev/null)" ]; then \
			(cd $$module && go vet ./... && $(BIN)/staticcheck ./...); \
		fi; \
	done
	@echo "import rules"; go test -count 1 ./test/imports
