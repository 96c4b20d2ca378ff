package apiserver

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
)

const (
	adminName = "admin"
	masters   = "system:masters"
)

// issueToken makes the token by which the administrator is known, in a file
// that the API server reads when it starts. To verify a token takes it far
// less than a client certificate, which it does anew for each request; pods
// have tokens, too.
func (s *Server) issueToken() (file string, err error) {
	s.adminToken = rand.Text()
	file = filepath.Join(s.Dir, "tokens.csv")
	line := fmt.Sprintf("%s,%s,%s,%q\n", s.adminToken, adminName, adminName, masters)
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		return "", fmt.Errorf("writing the administrator's token: %w", err)
	}
	return file, nil
}

// addAdmin returns the administrator credentials with the token.
func (s *Server) addAdmin() error {
	admin, err := s.AddUser(adminName, masters)
	if err != nil {
		return err
	}
	s.Config, s.KubeconfigFile = admin.Config, admin.KubeconfigFile
	s.Config.CertData, s.Config.KeyData, s.Config.BearerToken = nil, nil, s.adminToken
	kubeconfig, err := clientcmd.LoadFromFile(s.KubeconfigFile)
	if err != nil {
		return fmt.Errorf("reading the administrator's kubeconfig: %w", err)
	}
	for _, user := range kubeconfig.AuthInfos {
		user.ClientCertificateData, user.ClientKeyData, user.Token = nil, nil, s.adminToken
	}
	if err := clientcmd.WriteToFile(*kubeconfig, s.KubeconfigFile); err != nil {
		return fmt.Errorf("writing the administrator's kubeconfig: %w", err)
	}
	return nil
}
