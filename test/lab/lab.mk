# Included by the Makefile at the root of the repository.

.PHONY: lab
lab: lab-programs ## Bring up a whole cluster with real packets and kubelets, as root; CLOUD=aws on EC2; KEEP=1 leaves it running; JSON=1
	@exec $(BIN)/lab/lab -bin=$(BIN) -cloud=$(or $(CLOUD),gcp) $(if $(KEEP),-keep) $(if $(JSON),-json)

.PHONY: lab-programs
lab-programs: controlplane
	@cd test/controlplane && GOWORK=off go run ./build nodes addons
	@mkdir -p $(BIN)/lab && CGO_ENABLED=0 go build -trimpath -tags "$(GOTAGS)" -o $(BIN)/ ./cmd/... && CGO_ENABLED=0 go build -trimpath -o $(BIN)/lab/ ./test/lab/...
