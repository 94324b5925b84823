package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	settleLimit = 2 * time.Second
	// A connection that stood still goes on with the next retransmission, whose time doubles.
	streamLimit = 20 * time.Second
	// A SYN is sent again after 1, 3 and 7 s (RFC 6298): what comes back in time is no failure.
	connectTimeout = 10 * time.Second
)

// pace calls `send` with growing sequence numbers until `stop`.
func pace(every time.Duration, stop <-chan struct{}, send func(sequence int)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for sequence := 1; ; sequence++ {
		send(sequence)
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
	}
}

// parseAnswer reads "SEQUENCE ADDRESS", which is what the server says.
func parseAnswer(line string) (sequence int, seen string, ok bool) {
	number, seen, found := strings.Cut(strings.TrimSpace(line), " ")
	sequence, err := strconv.Atoi(number)
	return sequence, seen, found && err == nil
}

// tcpStream is one connection with a request every `every`; it never reconnects: a broken connection is a failure.
func tcpStream(target string, every time.Duration, stop <-chan struct{}) (*Recorder, error) {
	connection, err := net.DialTimeout("tcp", target, connectTimeout)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	recorder := newRecorder()
	go func() {
		lines := bufio.NewScanner(connection)
		for lines.Scan() {
			if sequence, seen, ok := parseAnswer(lines.Text()); ok {
				recorder.Answer(sequence, seen)
			}
		}
		if err := lines.Err(); err != nil && !errors.Is(err, net.ErrClosed) {
			recorder.Failure(err)
		}
	}()
	pace(every, stop, func(sequence int) {
		recorder.Request(sequence)
		if _, err := fmt.Fprintf(connection, "%d\n", sequence); err != nil {
			recorder.Failure(err)
		}
	})
	recorder.Settle(streamLimit)
	return recorder, nil
}

// pushStream is one connection on which the server speaks and the client is silent, as in a download.
func pushStream(target string, every time.Duration, stop <-chan struct{}) (*Recorder, error) {
	connection, err := net.DialTimeout("tcp", target, connectTimeout)
	if err != nil {
		return nil, err
	}
	recorder := newRecorder()
	recorder.last = time.Now()
	if _, err := fmt.Fprintf(connection, "%s%s\n", pushRequest, every); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(connection)
		for lines.Scan() {
			if sequence, seen, ok := parseAnswer(lines.Text()); ok {
				recorder.Request(sequence)
				recorder.Answer(sequence, seen)
			}
		}
		if err := lines.Err(); err != nil && !errors.Is(err, net.ErrClosed) {
			recorder.Failure(err)
		}
	}()
	<-stop
	// One that hangs shows by the time since the last line.
	recorder.Silence(streamLimit)
	connection.Close()
	<-ended
	return recorder, nil
}

func udpStream(target string, every time.Duration, stop <-chan struct{}) (*Recorder, error) {
	connection, err := net.Dial("udp", target)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	recorder := newRecorder()
	go func() {
		buffer := make([]byte, 65536)
		for {
			n, err := connection.Read(buffer)
			if err != nil {
				if errors.Is(err, net.ErrClosed) {
					return
				}
				recorder.Failure(err)
				continue
			}
			if sequence, seen, ok := parseAnswer(string(buffer[:n])); ok {
				recorder.Answer(sequence, seen)
			}
		}
	}()
	pace(every, stop, func(sequence int) {
		recorder.Request(sequence)
		if _, err := fmt.Fprintf(connection, "%d\n", sequence); err != nil {
			recorder.Failure(err)
		}
	})
	recorder.Settle(settleLimit)
	return recorder, nil
}

// connectStream opens a new TCP connection for each request; the requests overlap when the network is slow.
func connectStream(target string, every time.Duration, stop <-chan struct{}) (*Recorder, error) {
	recorder := newRecorder()
	pace(every, stop, func(sequence int) {
		recorder.Request(sequence)
		go func() {
			connection, err := net.DialTimeout("tcp", target, connectTimeout)
			if err != nil {
				recorder.Failure(err)
				return
			}
			defer connection.Close()
			_ = connection.SetDeadline(time.Now().Add(connectTimeout))
			fmt.Fprintf(connection, "%d\n", sequence)
			line, err := bufio.NewReader(connection).ReadString('\n')
			if err != nil {
				recorder.Failure(err)
				return
			}
			if answered, seen, ok := parseAnswer(line); ok {
				recorder.Answer(answered, seen)
			}
		}()
	})
	recorder.Settle(connectTimeout + settleLimit)
	return recorder, nil
}

// echoFormat is what differs between ICMP and ICMPv6 echo: socket, request type, reply type.
type echoFormat struct {
	network         string
	request, answer byte
}

// ICMP gets no checksum from the kernel over a raw IPv4 socket, ICMPv6 does (RFC 3542 section 3.1).
var (
	echo4 = echoFormat{"ip4:icmp", 8, 0}
	echo6 = echoFormat{"ip6:ipv6-icmp", 128, 129}
)

func pingStream(target string, every time.Duration, stop <-chan struct{}) (*Recorder, error) {
	address, err := netip.ParseAddr(target)
	if err != nil {
		return nil, err
	}
	format := echo4
	if address.Is6() {
		format = echo6
	}
	connection, err := net.Dial(format.network, target)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	recorder, identifier := newRecorder(), uint16(os.Getpid())
	go readEchoes(connection, format, identifier, recorder)
	pace(every, stop, func(sequence int) {
		recorder.Request(sequence)
		if _, err := connection.Write(echoRequest(format, identifier, uint16(sequence))); err != nil {
			recorder.Failure(err)
		}
	})
	recorder.Settle(settleLimit)
	return recorder, nil
}

func readEchoes(connection net.Conn, format echoFormat, identifier uint16, recorder *Recorder) {
	buffer := make([]byte, 65536)
	for {
		n, err := connection.Read(buffer)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			recorder.Failure(err)
			continue
		}
		packet := withoutIPv4Header(buffer[:n])
		if len(packet) >= 8 && packet[0] == format.answer && binary.BigEndian.Uint16(packet[4:]) == identifier {
			recorder.Answer(int(binary.BigEndian.Uint16(packet[6:])), "echo")
		}
	}
}

// withoutIPv4Header: a raw IPv4 socket delivers the IP header (ip(7)), a raw IPv6 socket does not (RFC 3542 section 3).
func withoutIPv4Header(packet []byte) []byte {
	if len(packet) > 20 && packet[0]>>4 == 4 {
		return packet[min(int(packet[0]&0xf)*4, len(packet)):]
	}
	return packet
}

func echoRequest(format echoFormat, identifier, sequence uint16) []byte {
	packet := make([]byte, 64)
	packet[0] = format.request
	binary.BigEndian.PutUint16(packet[4:], identifier)
	binary.BigEndian.PutUint16(packet[6:], sequence)
	var sum uint32
	for i := 0; i < len(packet); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(packet[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(packet[2:], ^uint16(sum+sum>>16))
	return packet
}
