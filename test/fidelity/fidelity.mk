# Included by the root Makefile; paths are relative to the root.

FIDELITY := $(BIN)/fidelity

.PHONY: fidelity
fidelity: ## Hold what adapters and simulators say to each other against what Google and Amazon publish of their APIs.
	rm -rf $(FIDELITY) && mkdir -p $(FIDELITY)
	VPCNATIVE_RECORD=$(FIDELITY) go test -count 1 ./cloud/gcp ./cloud/aws
	go mod download google.golang.org/api && cd test/fidelity && go mod download github.com/aws/aws-sdk-go && go test ./... \
		&& go run . -records $(FIDELITY) \
			-google "$$(cd ../.. && go list -m -f '{{.Dir}}' google.golang.org/api)" \
			-amazon "$$(go list -m -f '{{.Dir}}' github.com/aws/aws-sdk-go)"
