// Asks each address of a file ("name TAB host TAB ip TAB port" a line) with Go's net/http, and
// prints "name TAB what was seen".
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func ask(host, place string, roots *x509.CertPool) string {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		TLSHandshakeTimeout: 2 * time.Second,
		ForceAttemptHTTP2:   true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, place)
		},
	}
	client := http.Client{Transport: transport, Timeout: 3 * time.Second}
	answer, err := client.Get("https://" + host + "/")
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	if answer.StatusCode == 200 {
		return "WORKS " + answer.Status
	}
	return answer.Status + " " + string(body)
}

func main() {
	pem, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	listed, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	var printing sync.Mutex
	room := make(chan struct{}, 8)
	for _, line := range strings.Split(strings.TrimSpace(string(listed)), "\n") {
		parts := strings.Split(line, "\t")
		all.Add(1)
		go func() {
			defer all.Done()
			room <- struct{}{}
			seen := ask(parts[1], net.JoinHostPort(parts[2], parts[3]), roots)
			<-room
			printing.Lock()
			defer printing.Unlock()
			fmt.Printf("%s\t%s\n", parts[0], strings.Join(strings.Fields(seen), " "))
		}()
	}
	all.Wait()
}
