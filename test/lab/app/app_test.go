package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheServerSaysWhoAsked(t *testing.T) {
	s := httptest.NewServer(handler("me"))
	defer s.Close()
	ask := func(path string) string {
		t.Helper()
		text, err := request{url: s.URL + path, timeout: 5 * time.Second}.do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if got := ask("/"); !strings.Contains(got, `"name":"me","peer":"127.0.0.1:`) || !strings.Contains(got, `"own":"`+s.Listener.Addr().String()) {
		t.Error(got)
	}
	if got := ask("/get?url=" + s.URL + "/healthz"); got != "ok" {
		t.Error(got)
	}
	t.Setenv("LAB_X", "1")
	if got := ask("/env?prefix=LAB_"); got != "LAB_X=1" {
		t.Error(got)
	}
	res, err := s.Client().Post(s.URL+"/healthz?ok=false", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if _, err := (request{url: s.URL + "/healthz", timeout: time.Second}).do(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("after it was told to be sick: %v", err)
	}
}

// TestClients runs the program's own client commands.
func TestClients(t *testing.T) {
	s := httptest.NewServer(handler("me"))
	defer s.Close()
	run := func(do func(context.Context, []string) error, args ...string) (string, error) {
		t.Helper()
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		was := os.Stdout
		os.Stdout = out
		failed := do(t.Context(), args)
		os.Stdout = was
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text)), failed
	}
	if got, err := run(get, "-n", "3", "-names", s.URL); got != "me" || err != nil {
		t.Errorf("names: %q, %v", got, err)
	}
	if got, err := run(get, "-names", s.URL+"/healthz"); err == nil {
		t.Errorf("names of who says none: %q", got)
	}
	if _, err := run(get, "-post", s.URL+"/healthz?ok=false"); err != nil {
		t.Error(err)
	}
	if got, err := run(get, s.URL+"/healthz"); err == nil || got != "not ok" {
		t.Errorf("after it was told to be sick: %q, %v", got, err)
	}
	time.AfterFunc(1200*time.Millisecond, s.CloseClientConnections)
	if got, err := run(hold, s.URL+"/hold"); err == nil || !strings.Contains(got, `"name":"me"`) || !strings.Contains(got, "for 1 s") {
		t.Errorf("held: %q, %v", got, err)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	if _, err := run(hold, "-timeout=50ms", silent.URL); err == nil || !strings.Contains(err.Error(), "nothing has come for 50ms") {
		t.Errorf("one that is silent: %v", err)
	}
}

func TestUDPIsAnswered(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _ = serveUDP(conn, "me") }()
	if err := askUDP(context.Background(), []string{conn.LocalAddr().String()}); err != nil {
		t.Error(err)
	}
}
