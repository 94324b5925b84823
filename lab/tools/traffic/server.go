package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"
)

// serve answers every line or datagram "SEQUENCE" with "SEQUENCE ADDRESS-OF-THE-CLIENT".
func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	tcp := flags.Int("tcp", 9000, "TCP port")
	udp := flags.Int("udp", 9001, "UDP port")
	_ = flags.Parse(args)
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", *tcp))
	if err != nil {
		return err
	}
	sockets, err := udpSockets(*udp)
	if err != nil {
		return err
	}
	for _, socket := range sockets {
		go serveUDP(socket)
	}
	fmt.Println("serving")
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go serveTCP(connection)
	}
}

// udpSockets binds each address of the host by itself, so that an answer comes from the address that was asked.
func udpSockets(port int) ([]*net.UDPConn, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var sockets []*net.UDPConn
	// A node has its address of the Pod network once for each Pod.
	bound := map[netip.Addr]bool{}
	for _, address := range addresses {
		prefix, err := netip.ParsePrefix(address.String())
		if err != nil || prefix.Addr().IsLinkLocalUnicast() || bound[prefix.Addr()] {
			continue
		}
		bound[prefix.Addr()] = true
		socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(prefix.Addr(), uint16(port))))
		if err != nil {
			return nil, err
		}
		sockets = append(sockets, socket)
	}
	return sockets, nil
}

func serveUDP(socket *net.UDPConn) {
	buffer := make([]byte, 65536)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(buffer)
		if err == nil {
			fmt.Fprintf(&udpReply{socket, from}, "%s %s\n", strings.TrimSpace(string(buffer[:n])), from.Addr().Unmap())
		}
	}
}

type udpReply struct {
	socket *net.UDPConn
	to     netip.AddrPort
}

func (r *udpReply) Write(data []byte) (int, error) { return r.socket.WriteToUDPAddrPort(data, r.to) }

func serveTCP(connection net.Conn) {
	defer connection.Close()
	from := netip.MustParseAddrPort(connection.RemoteAddr().String()).Addr().Unmap()
	lines := bufio.NewScanner(connection)
	for lines.Scan() {
		if every, ok := strings.CutPrefix(lines.Text(), pushRequest); ok {
			push(connection, every)
			return
		}
		if _, err := fmt.Fprintf(connection, "%s %s\n", lines.Text(), from); err != nil {
			return
		}
	}
}

// pushRequest, followed by a duration, asks the server to speak by itself from then on.
const pushRequest = "push "

// push sends a line with a growing number every so often, until the client closes.
func push(connection net.Conn, text string) {
	every, err := time.ParseDuration(text)
	if err != nil {
		return
	}
	closed := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, connection)
		close(closed)
	}()
	pace(every, closed, func(sequence int) { fmt.Fprintf(connection, "%d push\n", sequence) })
}
