// Package simulate is what every simulated cloud is built of: a clock, an
// agenda of what falls due, faults that befall calls, a log of calls, a journal
// that answers stale reads, and a server. What a cloud accepts and refuses is
// each simulator's own.
package simulate
