package simulate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// RecordEnv names the environment variable with the directory that everything
// which is said to a simulator is recorded in; nothing is where it is not set.
// Each server writes a file of its own, a line for each Exchange.
const RecordEnv = "VPCNATIVE_RECORD"

// Exchange is one request and its answer, as they went over the wire.
type Exchange struct {
	Method      string `json:"method"`
	URL         string `json:"url"`
	RequestType string `json:"requestType,omitempty"`
	Request     string `json:"request,omitempty"`
	Status      int    `json:"status"`
	AnswerType  string `json:"answerType,omitempty"`
	Answer      string `json:"answer,omitempty"`
}

// LeaveOut keeps the answer that is written to w out of the record: it has been
// seen of the cloud, but is none that it publishes.
func LeaveOut(w http.ResponseWriter) {
	if r, ok := w.(*recorder); ok {
		r.leftOut = true
	}
}

// recording passes requests on to h and records them where RecordEnv says so.
// An answer that was cut off is not recorded: there was none.
func recording(h http.Handler) (http.Handler, func(), error) {
	dir := os.Getenv(RecordEnv)
	if dir == "" {
		return h, func() {}, nil
	}
	file, err := os.CreateTemp(dir, fmt.Sprintf("%s-*.jsonl", filepath.Base(os.Args[0])))
	if err != nil {
		return nil, nil, fmt.Errorf("recording what simulators are asked, in the directory that %s names: %w", RecordEnv, err)
	}
	var mu sync.Mutex
	lines := json.NewEncoder(file)
	record := func(w http.ResponseWriter, r *http.Request) {
		asked, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(asked))
		said := &recorder{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(said, r)
		if said.leftOut {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if err := lines.Encode(Exchange{
			Method: r.Method, URL: r.URL.String(), RequestType: r.Header.Get("Content-Type"), Request: string(asked),
			Status: said.status, AnswerType: w.Header().Get("Content-Type"), Answer: said.body.String(),
		}); err != nil && !errors.Is(err, os.ErrClosed) { // the server was stopped meanwhile
			panic(fmt.Errorf("recording in %s: %w", file.Name(), err))
		}
	}
	return http.HandlerFunc(record), func() { file.Close() }, nil
}

// recorder keeps what is written to it.
type recorder struct {
	http.ResponseWriter
	status  int
	body    bytes.Buffer
	leftOut bool
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}
