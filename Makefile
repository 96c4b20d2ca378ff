# vpcnative: run `make help` for a list of targets.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := $(CURDIR)/bin

# Without network, a missing toolchain is an error at once.
export GOTOOLCHAIN ?= local

.PHONY: help
help: ## Show this list.
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

include $(wildcard test/*/*.mk)

# Without grpc's tracing pages nothing calls methods by name, so the linker drops
# unused methods: the manager is 57 MB instead of 96, and needs 20 MiB less memory.
GOTAGS ?= grpcnotrace

.PHONY: build
build: ## Build the statically linked binaries into bin/.
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

# The end-to-end stories take longest and mostly wait: they start first, and the
# other tests run beside them.
.PHONY: test
test: controlplane ## Run all tests, on a real API server and the simulated clouds.
	go test -timeout 30m -p 3 ./test/e2e ./...
	cd test/controlplane && go test ./...
	cd test/bench && go test ./...

.PHONY: golden
golden: controlplane ## Rewrite all golden files, and generated parts of the docs.
	WRITE_GOLDEN=1 go test -count 1 $$(go list -f '{{.ImportPath}} {{.TestImports}} {{.XTestImports}}' ./... | sed -n 's| .*/test/golden.*||p')

.PHONY: crash
crash: controlplane ## Run the random fault tests for a while (CRASH_ROUNDS, CRASH_SEED, CRASH_CLOUD, STRESS_OPS, STRESS_SEED, STRESS_CLOUD).
	go test -timeout 60m -count 1 ./test/e2e -run "TestCrash/$${CRASH_CLOUD:-}" -v \
		-args -crash.rounds=$${CRASH_ROUNDS:-20} -crash.seed=$${CRASH_SEED:-$$(date +%s)}
	go test -timeout 60m -count 1 ./test/stress -v \
		-args -stress.ops=$${STRESS_OPS:-6000} -stress.seed=$${STRESS_SEED:-$$(date +%s)} -stress.cloud=$${STRESS_CLOUD:-}

.PHONY: bench-aws
bench-aws: ## Scale up by 500 nodes with EC2's rate limits: count calls and throttled calls.
	go test -timeout 30m -count 1 ./cloud/aws -run TestScaleUp -v -args -scaleup.unpaced -scaleup.factor 2

.PHONY: fuzz
fuzz: ## Fuzz the address arithmetic (FUZZTIME per target).
	@for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$package/*_test.go | cut -c6-); do \
			go test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $${FUZZTIME:-30s}; \
		done; \
	done

# The cyclomatic complexity that a function may have; tests may have more.
COMPLEXITY := 15

MODULES := . test/controlplane test/bench test/tools test/fidelity test/lab/parts

.PHONY: verify
verify: $(TOOLS_STAMP) ## Check generated code, format, file sizes, complexity, vet, staticcheck and import rules.
	@echo "generated code"; mkdir -p $(BIN)/_verify && rm -rf $(BIN)/_verify/* && cp -r api deploy/crds $(BIN)/_verify/ \
		&& $(MAKE) --no-print-directory generate >/dev/null \
		&& diff -r $(BIN)/_verify/api api && diff -r $(BIN)/_verify/crds deploy/crds \
		|| { echo "generated code was stale; make generate has updated it: commit the result"; exit 1; }
	@echo "format"; test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)" || { echo "run gofmt -w on these files"; exit 1; }
	@echo "size"; test -z "$$(find $$(git ls-files) -size +1024k | tee /dev/stderr)" \
		|| { echo "these files are larger than 1 MiB, probably build output, which git would keep forever: remove them"; exit 1; }
	@echo "complexity"; $(BIN)/gocyclo -over $(COMPLEXITY) -ignore '_test\.go$$|/zz_generated' . \
		|| { echo "these functions are more complex than $(COMPLEXITY) (cyclomatic): split them by idea"; exit 1; }
	@for module in $(MODULES); do \
		echo "vet and staticcheck in $$module"; \
		if [ -n "$$(cd $$module && go list ./... 2>/dev/null)" ]; then \
			(cd $$module && go vet ./... && $(BIN)/staticcheck ./...); \
		fi; \
	done
	@echo "import rules"; go test -count 1 ./test/imports
