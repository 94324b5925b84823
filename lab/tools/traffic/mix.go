package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Lane is one kind of traffic of a mix: `count` clients, whose reports are summed up.
type Lane struct {
	name   string
	run    client
	count  int
	target string
	every  time.Duration
}

// parseLane reads NAME=KIND[*COUNT],TARGET,EVERY.
func parseLane(text string) (Lane, error) {
	name, rest, named := strings.Cut(text, "=")
	parts := strings.Split(rest, ",")
	if !named || len(parts) != 3 {
		return Lane{}, fmt.Errorf("%s: a lane is NAME=KIND[*COUNT],TARGET,EVERY", text)
	}
	kind, number, many := strings.Cut(parts[0], "*")
	count := 1
	if many {
		parsed, err := strconv.Atoi(number)
		if err != nil || parsed < 1 {
			return Lane{}, fmt.Errorf("%s: %q is no number of clients", text, number)
		}
		count = parsed
	}
	run, known := clients[kind]
	if !known {
		return Lane{}, fmt.Errorf("%s: no kind %q", text, kind)
	}
	every, err := time.ParseDuration(parts[2])
	if err != nil {
		return Lane{}, fmt.Errorf("%s: %w", text, err)
	}
	return Lane{name, run, count, parts[1], every}, nil
}

// mix runs all lanes at once until standard input ends, and prints one report for each by name.
func mix(args []string) error {
	lanes := make([]Lane, len(args))
	for i, text := range args {
		lane, err := parseLane(text)
		if err != nil {
			return err
		}
		lanes[i] = lane
	}
	stop := stopAfter(0)
	reports := make(map[string]Report, len(lanes))
	var mutex sync.Mutex
	var all sync.WaitGroup
	for _, lane := range lanes {
		all.Go(func() {
			report := lane.report(stop)
			mutex.Lock()
			defer mutex.Unlock()
			reports[lane.name] = report
		})
	}
	all.Wait()
	return json.NewEncoder(os.Stdout).Encode(reports)
}

// report starts the clients spread over one period, so that they do not speak in chorus.
func (lane Lane) report(stop <-chan struct{}) Report {
	reports := make([]Report, lane.count)
	var all sync.WaitGroup
	for i := range reports {
		all.Go(func() {
			time.Sleep(lane.every * time.Duration(i) / time.Duration(lane.count))
			recorder, err := lane.run(lane.target, lane.every, stop)
			if err != nil {
				reports[i] = Report{LostAt: []time.Time{}, Errors: map[string]int{err.Error(): 1}}
				return
			}
			reports[i] = recorder.Report()
		})
	}
	all.Wait()
	return sum(reports)
}

// sum: counts add up; of gaps and times the longest counts. Errors that differ in ports alone are one.
func sum(reports []Report) Report {
	if len(reports) == 1 {
		return reports[0]
	}
	total := Report{LostAt: []time.Time{}, Seen: map[string]int{}, Errors: map[string]int{}}
	for _, report := range reports {
		total.Sent += report.Sent
		total.Answered += report.Answered
		total.Lost += report.Lost
		if report.LongestGapMs > total.LongestGapMs {
			total.LongestGapMs, total.LongestGapAt = report.LongestGapMs, report.LongestGapAt
		}
		total.LostAt = earliest(append(total.LostAt, report.LostAt...))
		total.RTTMs = max(total.RTTMs, report.RTTMs)
		for address, count := range report.Seen {
			total.Seen[address] += count
		}
		for text, count := range report.Errors {
			total.Errors[afterLastColon(text)] += count
		}
	}
	return total
}

func afterLastColon(text string) string {
	return strings.TrimSpace(text[strings.LastIndex(text, ":")+1:])
}
