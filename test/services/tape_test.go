package services

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// call is a call that asks for a change.
type call struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body,omitempty"`
	// Service is whose it is, where the address does not tell.
	Service string `json:"service,omitempty"`
	// Gave are the cloud's own names in the reply, in the order in which they are there.
	Gave []string `json:"gave,omitempty"`
}

// tape notes the calls that ask a simulator for changes.
type tape struct {
	mu    sync.Mutex
	calls []call
	stop  func() []call
}

// tape stands before the simulator from now on.
func (w *world) tape() *tape {
	out := &tape{}
	sim, at := w.simulator()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		reply := httptest.NewRecorder()
		sim.ServeHTTP(reply, r)
		c := call{Method: r.Method, Path: r.URL.RequestURI(), Body: string(body), Gave: cloudNames.FindAllString(reply.Body.String(), -1)}
		if scope := strings.Split(r.Header.Get("Authorization"), "/"); len(scope) > 3 {
			c.Service = scope[3]
		}
		if asksForChange(c) && reply.Code < 300 {
			out.mu.Lock()
			out.calls = append(out.calls, c)
			out.mu.Unlock()
		}
		for key, values := range reply.Header() {
			rw.Header()[key] = values
		}
		rw.WriteHeader(reply.Code)
		_, _ = rw.Write(reply.Body.Bytes())
	}))
	*at = server.URL
	out.stop = func() []call {
		server.Close()
		return out.calls
	}
	return out
}

// simulator is the one of the world, and where adapters look for it.
func (w *world) simulator() (http.Handler, *string) {
	switch p := w.place.(type) {
	case *gce:
		return p.sim, &p.url
	case *amazon:
		return p.sim, &p.url
	}
	w.Fatalf("no simulator is known of %T", w.place)
	return nil, nil
}

// ids are the cloud's own names of what a world begins with, by ours.
func (w *world) ids() map[string]string {
	out := map[string]string{}
	if e, ok := w.place.(*amazon); ok {
		out["vpc"], out["nodes"] = e.vpc, e.group
		for _, zone := range ec2Zones {
			out["front "+zone], out["back "+zone] = e.front[zone], e.back[zone]
		}
		for name, id := range e.machines {
			out["machine "+name] = id
		}
	}
	return out
}

// cloudNames are what a cloud calls things by itself.
var cloudNames = regexp.MustCompile(`arn:aws:[^<"\s]+|\b(?:vpc|subnet|sg|sgr|i|eni|eipalloc)-[0-9a-f]{8,17}\b`)

func asksForChange(c call) bool {
	if strings.HasPrefix(c.Path, "/compute/") {
		return c.Method != http.MethodGet && !strings.Contains(c.Path, "/list")
	}
	form, _ := url.ParseQuery(c.Body)
	return !strings.HasPrefix(form.Get("Action"), "Describe")
}

// replay makes the recorded calls, with the names that the cloud gives now.
func (w *world) replay(file string) (had earlier) {
	w.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &had)
	}
	if err != nil {
		w.Fatal(err)
	}
	now, was := w.ids(), had.IDs
	rename := map[string]string{}
	for what, id := range was {
		rename[id] = now[what]
	}
	for _, c := range had.Calls {
		given := cloudNames.FindAllString(w.send(c, rename), -1)
		if len(given) != len(c.Gave) {
			w.Fatalf("%s %.300s gave %v, and gives %v", c.Path, c.Body, c.Gave, given)
		}
		for i, name := range c.Gave {
			rename[name] = given[i]
		}
	}
	return had
}

// send makes a call until it comes off: what it names may be too new.
func (w *world) send(c call, rename map[string]string) (reply string) {
	w.Helper()
	body := c.Body
	if form, err := url.ParseQuery(body); c.Service != "" && err == nil {
		for _, values := range form {
			for i := range values {
				values[i] = cloudNames.ReplaceAllStringFunc(values[i], func(name string) string { return cmp.Or(rename[name], name) })
			}
		}
		body = form.Encode()
	}
	_, at := w.simulator()
	try := func() error {
		r, err := http.NewRequestWithContext(w.Context(), c.Method, *at+c.Path, strings.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		if c.Service != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=emulator/20260101/eu-west-1/"+c.Service+"/aws4_request, SignedHeaders=host, Signature=0")
		}
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = got.Body.Close() }()
		text, err := io.ReadAll(got.Body)
		if err == nil && got.StatusCode >= 300 {
			err = fmt.Errorf("%s: %s", got.Status, text)
		}
		reply = string(text)
		if err == nil {
			err = finished(*at, c, text)
		}
		return err
	}
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = try(); err == nil {
			return reply
		}
	}
	w.Fatalf("%s %s %.300s: %v", c.Method, c.Path, body, err)
	return ""
}

// scopeOf is what of a path of Compute Engine its operations lie in.
var scopeOf = regexp.MustCompile(`^/compute/v1/projects/[^/]+/(?:global|(?:regions|zones)/[^/]+)/`)

// finished waits until the operation is done that a call to Compute Engine
// began: until then, what it makes is not there for those who list.
func finished(at string, c call, reply []byte) error {
	scope := scopeOf.FindString(c.Path)
	if scope == "" {
		return nil
	}
	var op struct {
		Name, Status string
		Error        json.RawMessage
	}
	for {
		if err := json.Unmarshal(reply, &op); err != nil {
			return fmt.Errorf("operation of %s: %w: %s", c.Path, err, reply)
		}
		if op.Status == "DONE" {
			break
		}
		got, err := http.Get(at + scope + "operations/" + op.Name)
		if err != nil {
			return err
		}
		reply, err = io.ReadAll(got.Body)
		_ = got.Body.Close()
		if err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	if op.Error != nil {
		return fmt.Errorf("operation of %s failed: %s", c.Path, op.Error)
	}
	return nil
}
