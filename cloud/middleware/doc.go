// Package middleware has the hooks that stand between any adapter and its
// cloud: metrics, pacing, and a dry run. Chain them with [cloud.Chain],
// metrics innermost, so that latency is the cloud's and not our queue's.
package middleware
