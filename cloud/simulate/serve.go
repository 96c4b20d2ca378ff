package simulate

import (
	"errors"
	"net"
	"net/http"
	"time"
)

// Serve listens on addr, such as "127.0.0.1:0", and returns the server's URL.
// stop ends it and waits until it has ended. Where RecordEnv is set, what is
// asked and answered is recorded.
func Serve(addr string, h http.Handler) (url string, stop func(), err error) {
	h, recorded, err := recording(h)
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		recorded()
		return "", nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // the listener is ours: nothing else ends it
		}
	}()
	return "http://" + listener.Addr().String(), func() {
		server.Close()
		<-done
		recorded()
	}, nil
}
