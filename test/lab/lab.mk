# Included by the Makefile at the root of the repository.

.PHONY: lab
lab: lab-programs ## Show a whole cluster with real packets and kubelets, as root; CLOUD=aws on EC2; KEEP=1 leaves it running; JSON=1
	@exec $(AS_ROOT) $(BIN)/lab/lab -bin=$(BIN) -cloud=$(or $(CLOUD),gcp) $(if $(KEEP),-keep) $(if $(JSON),-json)

.PHONY: test-lab
test-lab: lab-programs ## Prove the lab's core claims on two machines, as root.
	@exec $(AS_ROOT) $(BIN)/lab/lab -bin=$(BIN) -machines=2 -core

.PHONY: lab-check
lab-check: lab-own ## Tell whether the lab can run on this machine.
	@exec $(AS_ROOT) $(BIN)/lab/lab -bin=$(BIN) -check

# Kubernetes' programs and add-ons are built once a machine, our own every time.
.PHONY: lab-programs lab-own lab-modules
lab-programs: controlplane lab-own
	@cd test/controlplane && GOWORK=off go run ./build nodes addons

lab-modules:
	@cd test/controlplane && GOWORK=off go run ./build -fetch nodes addons

# What runs in images is linked statically.
lab-own:
	@mkdir -p $(BIN)/lab && CGO_ENABLED=0 go build -trimpath -o $(BIN)/lab/ ./test/lab/app ./test/lab/pause
	@go build -trimpath -tags "$(GOTAGS)" -o $(BIN)/ ./cmd/... && go build -trimpath -tags "$(GOTAGS)" -o $(BIN)/lab/ ./test/lab
