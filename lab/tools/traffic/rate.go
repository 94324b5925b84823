package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
)

const (
	// Enough that somebody always has work.
	connectsAtOnce = 32
	chunkBytes     = 256 << 10
)

// Rate is what `rate` prints.
type Rate struct {
	// PerSecond counts new connections, or bytes.
	PerSecond float64 `json:"perSecond"`
	// Failed counts connections that did not come about.
	Failed int64 `json:"failed"`
}

// sink reads what comes on one port and answers nothing; connections to the other ones it resets as soon as they are there.
func sink(args []string) error {
	flags := flag.NewFlagSet("sink", flag.ExitOnError)
	port := flags.Int("tcp", 9100, "TCP port that reads")
	first := flags.Int("reset", 9101, "first TCP port that resets")
	count := flags.Int("resets", 1, "ports that reset, one after the other")
	_ = flags.Parse(args)
	for port := *first; port < *first+*count; port++ {
		resetting, err := listen(port)
		if err != nil {
			return err
		}
		go reset(resetting)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", *port))
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go swallow(connection)
	}
}

// swallow reads much at a time: io.Discard takes 8 KiB, and then the system calls are what is measured.
func swallow(connection net.Conn) {
	defer connection.Close()
	for chunk := make([]byte, chunkBytes); ; {
		if _, err := connection.Read(chunk); err != nil {
			return
		}
	}
}

// rate gives a server as much as it takes: connections one after the other, or bytes over one of them.
func rate(args []string) error {
	works := map[string]func(target netip.AddrPort, until time.Time) (int64, int64, error){"connects": connects, "bytes": bytesOver}
	if len(args) < 2 || works[args[0]] == nil {
		return fmt.Errorf("usage: traffic rate connects|bytes ADDRESS:PORT [--for 3s]")
	}
	flags := flag.NewFlagSet("rate", flag.ExitOnError)
	limit := flags.Duration("for", 3*time.Second, "how long")
	_ = flags.Parse(args[2:])
	target, err := netip.ParseAddrPort(args[1])
	if err != nil {
		return err
	}
	started := time.Now()
	done, failed, err := works[args[0]](target, started.Add(*limit))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(Rate{PerSecond: float64(done) / time.Since(started).Seconds(), Failed: failed})
}

// bytesOver is what one connection carries; one that does not come about failed.
func bytesOver(target netip.AddrPort, until time.Time) (sent, failed int64, err error) {
	connection, err := net.DialTimeout("tcp", target.String(), 5*time.Second)
	if err != nil {
		return 0, 1, nil
	}
	defer connection.Close()
	_ = connection.SetWriteDeadline(until)
	chunk := make([]byte, chunkBytes)
	for time.Now().Before(until) {
		count, err := connection.Write(chunk)
		sent += int64(count)
		if err != nil {
			break
		}
	}
	_ = connection.(*net.TCPConn).SetLinger(0)
	return sent, 0, nil
}
