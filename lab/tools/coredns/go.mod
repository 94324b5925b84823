module sluice.dev/lab/coredns

go 1.26.0
