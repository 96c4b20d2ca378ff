package awssim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// authenticate checks the request's signature, Signature Version 4.
// Source: docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html.
func (s *Sim) authenticate(to *service, r *http.Request, body []byte) *APIError {
	if to.misdirected(r) {
		return refuse("SignatureDoesNotMatch", "Credential should be scoped to correct service: '%s'.", to.name)
	}
	if s.config.AccessKey == "" {
		return nil
	}
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return refuse("MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	given := map[string]string{}
	for field := range strings.SplitSeq(fields, ", ") {
		name, value, _ := strings.Cut(field, "=")
		given[name] = value
	}
	key, scope, _ := strings.Cut(given["Credential"], "/")
	parts := strings.Split(scope, "/")
	if key != s.config.AccessKey || len(parts) != 4 || parts[1] != s.config.Region || parts[2] != to.name {
		return authFailure()
	}
	if given["Signature"] != s.signature(r, body, strings.Split(given["SignedHeaders"], ";"), scope, parts) {
		return &APIError{http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."}
	}
	return nil
}

func (s *Sim) signature(r *http.Request, body []byte, signed []string, scope string, parts []string) string {
	var request strings.Builder
	request.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.RawQuery + "\n")
	for _, name := range signed {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
		}
		request.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	request.WriteString("\n" + strings.Join(signed, ";") + "\n" + digest(body))
	text := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + digest([]byte(request.String()))
	key := []byte("AWS4" + s.config.SecretKey)
	for _, part := range parts {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, text))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
