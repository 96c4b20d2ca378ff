package apiserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// serveAs gives the API server a certificate for more names and addresses than
// that of loopback, for clients on other machines and in pods. envtest makes
// its own unless one is there.
func serveAs(api *envtest.APIServer, names []string) error {
	var addresses []net.IP
	var domains []string
	for _, name := range append([]string{"127.0.0.1"}, names...) {
		if ip := net.ParseIP(name); ip != nil {
			addresses = append(addresses, ip)
		} else {
			domains = append(domains, name)
		}
	}
	chain, key, err := cert.GenerateSelfSignedCertKey("localhost", addresses, domains)
	if err != nil {
		return fmt.Errorf("making the API server's certificate: %w", err)
	}
	accounts, accountsKey, err := cert.GenerateSelfSignedCertKey("service-accounts", nil, nil)
	if err != nil {
		return fmt.Errorf("making the key of service accounts: %w", err)
	}
	api.SecureServing.CA = chain // its own comes first, that of its signer second
	write := func(name string, content []byte) error {
		return os.WriteFile(filepath.Join(api.CertDir, name), content, 0o600)
	}
	return errors.Join(
		write("apiserver.crt", chain), write("apiserver.key", key),
		write("sa-signer.crt", accounts), write("sa-signer.key", accountsKey),
	)
}
