// Traffic is what the lab's tests and measurements send and receive: an echo server that says whom it saw, and clients
// that count what was answered, what was lost and how long the longest silence was. Standard library only, one static binary.
//
//	traffic serve --tcp 9000 --udp 9001
//	traffic tcp|udp|ping|connect|push ADDRESS[:PORT] --every 50ms
//	traffic rate connects|bytes ADDRESS:PORT [--for 3s]
//	traffic sink --tcp 9100 --reset 9101 --resets 1
//	traffic mix NAME=KIND[*COUNT],ADDRESS[:PORT],EVERY …
//
// A client runs until its standard input ends or --for is over, waits for answers under way, and prints one JSON object.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// Report is what every client prints. Times are milliseconds.
type Report struct {
	Sent     int `json:"sent"`
	Answered int `json:"answered"`
	Lost     int `json:"lost"`
	// LongestGapMs is the longest time between two answers, from the first request to the last one.
	LongestGapMs float64 `json:"longestGapMs"`
	// LongestGapAt is when it began.
	LongestGapAt time.Time `json:"longestGapAt"`
	// LostAt is when the first requests without an answer were sent, at most ten of them.
	LostAt []time.Time `json:"lostAt"`
	// RTTMs is the median time from request to answer.
	RTTMs float64 `json:"rttMs"`
	// Seen counts the answers by the client address that the server saw.
	Seen map[string]int `json:"seen"`
	// Errors counts what broke, by its text.
	Errors map[string]int `json:"errors"`
}

type client func(target string, every time.Duration, stop <-chan struct{}) (*Recorder, error)

var clients = map[string]client{"tcp": tcpStream, "udp": udpStream, "ping": pingStream, "connect": connectStream, "push": pushStream}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: traffic serve|sink|rate|mix|tcp|udp|ping|connect|push …"))
	}
	verb, args := os.Args[1], os.Args[2:]
	if verb == "serve" {
		fail(serve(args))
	}
	if verb == "sink" {
		fail(sink(args))
		return
	}
	if verb == "rate" {
		fail(rate(args))
		return
	}
	if verb == "mix" {
		fail(mix(args))
		return
	}
	run, ok := clients[verb]
	if !ok || len(args) == 0 {
		fail(fmt.Errorf("usage: traffic tcp|udp|ping|connect|push ADDRESS[:PORT] [--every 50ms] [--for 10s]"))
	}
	flags := flag.NewFlagSet(verb, flag.ExitOnError)
	every := flags.Duration("every", 50*time.Millisecond, "time between two requests")
	limit := flags.Duration("for", 0, "end after this time; 0: when standard input ends")
	_ = flags.Parse(args[1:])
	recorder, err := run(args[0], *every, stopAfter(*limit))
	if err != nil {
		fail(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(recorder.Report())
}

func stopAfter(limit time.Duration) <-chan struct{} {
	stop := make(chan struct{})
	go func() {
		if limit > 0 {
			time.Sleep(limit)
		} else {
			_, _ = io.Copy(io.Discard, os.Stdin)
		}
		close(stop)
	}()
	return stop
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "traffic:", err)
		os.Exit(1)
	}
}
