package main

import (
	"context"
	"net"
	"net/http/httptest"
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
