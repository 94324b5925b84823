//go:build tools

// Package tools pins the CoreDNS that the lab runs, so that `go build` finds it in go.mod.
package tools

import _ "github.com/coredns/coredns"
