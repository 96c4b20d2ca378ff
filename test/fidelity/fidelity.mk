# Included by the root Makefile; paths are relative to the root.

FIDELITY := $(BIN)/fidelity

.PHONY: fidelity
fidelity: ## Validate the recorded API calls against the API descriptions of Google and Amazon.
	rm -rf $(FIDELITY) && mkdir -p $(FIDELITY)
	VPCNATIVE_RECORD=$(FIDELITY) go test -count 1 ./cloud/gcp ./cloud/aws
	go mod download google.golang.org/api && cd test/fidelity && go mod download github.com/aws/aws-sdk-go && go test ./... \
		&& go run . -records $(FIDELITY) \
			-google "$$(cd ../.. && go list -m -f '{{.Dir}}' google.golang.org/api)" \
			-amazon "$$(go list -m -f '{{.Dir}}' github.com/aws/aws-sdk-go)"
