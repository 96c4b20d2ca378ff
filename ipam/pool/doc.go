// Package pool gives out prefixes of mixed sizes from a set of parents of one address family, and keeps what is
// in use, what is in quarantine after use, and what is held outside the parents. It is pure: it reads no clock and does
// no locking; callers pass the time and serialise all calls. The parents of a pool never change: whoever needs others
// makes another pool, tells it what is held and what rests, and calls Restored.
//
// # What is promised
//
// A prefix that is held, rests, or is covered by an orphan is never given out. What was released rests for the
// quarantine; when the rest is over it merges with free neighbours to larger blocks at once.
//
// Large blocks stay whole: of all free aligned blocks, across all parents, the smallest that fits is taken, and
// is split where it is larger than what was asked for. So a request fails only where no free aligned block is
// large enough.
//
// Where several free blocks are equally small, and again between the two halves each time one is split, what has
// never-used space goes first (of two halves that have it, the lower). Among used ones, that which has been free
// in every part for longest goes first. For requests of one size this is: a never-used place first, and of single
// places the longest-rested. In detail:
//   - A place counts as used once it was held or rested, whoever held it and however it was given back.
//   - Occupying a place in the middle of used free space splits it out of turn; what is left over counts as free
//     from then on.
//   - Memory of past use is bounded: where nothing is in use in the whole neighbourhood of a place (512 places), and
//     there are thousands of such neighbourhoods, some are forgotten and count as free for equally long.
//
// # How
//
// Take every aligned block as a pair of halves. A pair has three bits, kept in bitmaps, 512 neighbouring pairs
// of one block length to a chunk; half means a side, 0 the lower:
//
//	state of the pair                        free  half                          mark
//	one half is a largest free block         1     which                         it has never-used space
//	no half is (both are in use or split)    0     -                             -
//	inside a free block with unused space    0     lower half has unused space   upper half has unused space
//	inside a free block without              0     which half goes first         -
//
// Whether a pair is inside a free block, and of which kind, is known from above when it is read, so that the three
// bits serve all four states, and a chunk made of ones in half and mark is never-used space. There is one pair for
// every two blocks of the smallest length, one for every four at the next, and so on: N smallest blocks have
// N/2 + N/4 + ... = N pairs. At 224 bytes for 512 pairs plus the table that finds chunks this is
//
//	(224 + 8) * 8 / 512 = 3.6 bits per smallest block
//
// in a densely used range, and nothing where no block was ever split.
//
// What is known of single blocks is in a table for each chunk: the owner of a held block, in one slot of 4.1 bytes
// where the chunk is densely used, and 7 to 14 where it is not; or a node (16 bytes more) of a block that rests, or of
// a free block without never-used space. The latter nodes are linked into the list of their length, longest-rested
// first. That list needs no sorting: a block is split only when no smaller one fits, so lists into which a split puts
// left-overs are empty, and everything else that comes to a list became free just now. A free block with never-used
// space needs no node: its bits say so, and chunks that have such blocks are listed by length. Each length with free
// blocks has a bit in a mask of 129, so finding the smallest fitting block is one or two instructions.
//
// Resting nodes are listed in the order in which their rest ends, which is the order of release. A call that needs
// free space first frees those at the head of the list whose rest is over, each once.
//
// Worked example: a /30 of four addresses, all asked for one by one, no quarantine. 0 splits the /30, leaving 1 and
// 2-3 free; 1 comes next, since it is the smallest block that fits; then 2 and 3. Released in the order 2, 0, 3, 1:
// 3 merges with 2 (2 goes first), 1 merges with 0 (0 goes first), and both halves to the /30, 2-3 going first, being
// whole for longer. The next allocation splits the /30 and gives 2, and the one after it 3.
//
// All of this costs the same at any occupancy: a lookup, a few bits, and an amortised constant number of splits and
// merges. Merging visits as many levels as there are free buddies, at most the difference of the lengths.
package pool
