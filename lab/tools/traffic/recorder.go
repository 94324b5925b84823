package main

import (
	"sort"
	"sync"
	"time"
)

// Recorder counts requests and answers of one client. Safe for concurrent use.
type Recorder struct {
	mutex    sync.Mutex
	sentAt   map[int]time.Time
	sent     int
	last     time.Time
	gap      silence
	rtts     []time.Duration
	seen     map[string]int
	failures map[string]int
}

// silence is a time without answers.
type silence struct {
	since  time.Time
	length time.Duration
}

func longer(a, b silence) silence {
	if b.length > a.length {
		return b
	}
	return a
}

func newRecorder() *Recorder {
	return &Recorder{sentAt: map[int]time.Time{}, seen: map[string]int{}, failures: map[string]int{}}
}

func (r *Recorder) Request(sequence int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	now := time.Now()
	if r.sent == 0 && r.last.IsZero() {
		r.last = now
	}
	r.sent++
	r.sentAt[sequence] = now
}

func (r *Recorder) Answer(sequence int, seen string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	at, ok := r.sentAt[sequence]
	if !ok {
		return // a duplicate
	}
	delete(r.sentAt, sequence)
	now := time.Now()
	r.gap = longer(r.gap, silence{r.last, now.Sub(r.last)})
	r.last = now
	r.rtts = append(r.rtts, now.Sub(at))
	r.seen[seen]++
}

func (r *Recorder) Failure(err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.failures[err.Error()]++
}

// Settle waits until every request is answered, at most `limit`.
func (r *Recorder) Settle(limit time.Duration) {
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) && r.outstanding() > 0 {
		time.Sleep(5 * time.Millisecond)
	}
}

// Silence waits until the next answer, at most `limit`, and counts the time since the last one as a gap.
func (r *Recorder) Silence(limit time.Duration) {
	r.mutex.Lock()
	last := r.last
	r.mutex.Unlock()
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		r.mutex.Lock()
		heard := r.last != last
		r.mutex.Unlock()
		if heard {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.gap = longer(r.gap, silence{last, time.Since(last)})
	r.failures["silent"]++
}

func (r *Recorder) outstanding() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return len(r.sentAt)
}

func (r *Recorder) Report() Report {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	gap := r.gap
	// What was lost and followed by answers is in the gap between those.
	for _, at := range r.sentAt {
		if at.Before(r.last) {
			continue
		}
		gap = longer(gap, silence{at, time.Since(at)})
	}
	return Report{
		Sent: r.sent, Answered: len(r.rtts), Lost: len(r.sentAt),
		LongestGapMs: milliseconds(gap.length), LongestGapAt: gap.since, LostAt: r.lostAt(), RTTMs: milliseconds(median(r.rtts)), Seen: r.seen, Errors: r.failures,
	}
}

func (r *Recorder) lostAt() []time.Time {
	times := make([]time.Time, 0, len(r.sentAt))
	for _, at := range r.sentAt {
		times = append(times, at)
	}
	return earliest(times)
}

// earliest are the first ten, in order.
func earliest(times []time.Time) []time.Time {
	sort.Slice(times, func(i, j int) bool { return times[i].Before(times[j]) })
	return times[:min(len(times), 10)]
}

func median(values []time.Duration) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sort.Slice(values, func(i, j int) bool { return values[i] < values[j] })
	return values[len(values)/2]
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
