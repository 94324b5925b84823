package main

import (
	"errors"
	"net/netip"
	"syscall"
	"time"
)

// New connections by bare system calls, in one thread on either side: what is measured is the way between them.

var noLinger = &syscall.Linger{Onoff: 1, Linger: 0}

func listen(port int) (int, error) {
	socket, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	if err := syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := syscall.Bind(socket, &syscall.SockaddrInet6{Port: port}); err != nil {
		return 0, err
	}
	return socket, syscall.Listen(socket, 4096)
}

func reset(listening int) {
	for {
		connection, _, err := syscall.Accept(listening)
		if err == nil {
			closeAtOnce(connection)
		}
	}
}

// closeAtOnce resets the connection: no port waits.
func closeAtOnce(socket int) {
	_ = syscall.SetsockoptLinger(socket, syscall.SOL_SOCKET, syscall.SO_LINGER, noLinger)
	_ = syscall.Close(socket)
}

// connects has `connectsAtOnce` of them under way until the time is over. One that was reset had been there.
func connects(target netip.AddrPort, until time.Time) (made, failed int64, err error) {
	poll, err := syscall.EpollCreate1(0)
	if err != nil {
		return 0, 0, err
	}
	defer syscall.Close(poll)
	for range connectsAtOnce {
		if err := begin(poll, target); err != nil {
			return 0, 0, err
		}
	}
	events := make([]syscall.EpollEvent, connectsAtOnce)
	for time.Now().Before(until) {
		count, err := syscall.EpollWait(poll, events, 200)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return made, failed, err
		}
		for _, event := range events[:max(count, 0)] {
			socket := int(event.Fd)
			result, err := syscall.GetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_ERROR)
			if err == nil && (result == 0 || syscall.Errno(result) == syscall.ECONNRESET) {
				made++
			} else {
				failed++
			}
			closeAtOnce(socket)
			if err := begin(poll, target); err != nil {
				return made, failed, err
			}
		}
	}
	return made, failed, nil
}

func begin(poll int, target netip.AddrPort) error {
	family, address := syscall.AF_INET6, syscall.Sockaddr(&syscall.SockaddrInet6{Addr: target.Addr().As16(), Port: int(target.Port())})
	if target.Addr().Is4() {
		family, address = syscall.AF_INET, &syscall.SockaddrInet4{Addr: target.Addr().As4(), Port: int(target.Port())}
	}
	socket, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLOUT, Fd: int32(socket)}
	if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, socket, &event); err != nil {
		return err
	}
	if err := syscall.Connect(socket, address); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return err
	}
	return nil
}
