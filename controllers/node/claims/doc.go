// Package claims is the durable memory of the node controller: which prefix
// was promised to which Node, which is being released, and which is quarantined.
//
// All of it lies in one ConfigMap, written with optimistic locking, so that
// there is one order of promises: whoever leads takes the ledger over by
// writing its own epoch, after which every write of an earlier leader fails
// and that leader stops ([ErrFenced]). Changes that come while a write is
// under way go out together with the next one, so a burst of nodes costs few
// writes.
//
// A write whose outcome is unknown is settled by reading: the ledger numbers
// its writes. Nothing that was promised is ever taken back because a write
// failed; the ledger tries, later each time, until the write is through or
// somebody else leads. Where that is for people to mend, whoever waits is told
// why ([BlockedError]), and new promises are refused until it is mended. A
// ConfigMap that was deleted is written anew out of memory.
package claims
