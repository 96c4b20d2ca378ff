package cloud

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Owner is the Kubernetes object that a cloud object was made for.
type Owner struct {
	// ClusterID is the persistent identity of the cluster.
	ClusterID             string
	Kind, Namespace, Name string
}

// Mark is what a cloud object's name says about its owner. Hashes are 8
// characters of base32 (40 bits).
type Mark struct {
	Cluster string // hash of the cluster ID
	Name    string // readable part of the owner's name, which may be shortened
	Owner   string // hash of the owner's cluster, kind, namespace and name
	Index   int    // tells apart the objects of one owner
	Role    string // does so where they are of several kinds; empty where Index does
}

// IsZero reports whether the object carries no mark.
func (m Mark) IsZero() bool { return m == Mark{} }

// OfCluster reports whether the mark is of that cluster.
func (m Mark) OfCluster(clusterID string) bool {
	return !m.IsZero() && m.Cluster == hash(clusterID)
}

// Of reports whether the mark is that owner's.
func (m Mark) Of(o Owner) bool {
	return m.OfCluster(o.ClusterID) && m.Owner == o.hash()
}

// maxNamePart keeps names within the 63 characters of Compute Engine:
// 3 + 8 + 1 + part + 1 + 8 + 1 + digits.
const maxNamePart = 32

// ObjectName names the owner's index-th object in the cloud. The name is a
// function of the owner and the index alone, so whoever repeats a create
// after a crash finds what the first try made:
//
//	vn-<cluster>-<readable part of the name>-<owner>-<index>
func (o Owner) ObjectName(index int) string {
	return fmt.Sprintf("vn-%s-%s-%s-%d", hash(o.ClusterID), readable(o.Name), o.hash(), index)
}

// maxRole keeps names without the readable part, which [ParseMark] reads too,
// within the 32 characters of EC2's load balancers: 3 + 8 + 1 + 8 + 1 + role.
const maxRole = 11

// RoleName names the owner's object of that role, of at most 63 characters. A
// role is 1 to 11 lower-case letters and digits, a letter first. It is
// ObjectName for owners of which the cloud keeps many things:
//
//	vn-<cluster>-<readable part of the name>-<owner>-<role>
func (o Owner) RoleName(role string) string {
	return fmt.Sprintf("vn-%s-%s-%s-%s", hash(o.ClusterID), o.readable(), o.hash(), checkRole(role))
}

// readable is the owner's name for a RoleName: short enough for the longest
// role.
func (o Owner) readable() string {
	s := readable(o.Name)
	if most := 63 - len("vn-12345678--12345678-") - maxRole; len(s) > most {
		s = strings.TrimRight(s[:most], "-")
	}
	return s
}

// checkRole panics for what is no role: roles are the code's own words.
func checkRole(role string) string {
	if !roles.MatchString(role) {
		panic("cloud: " + strconv.Quote(role) + " is no role of an object")
	}
	return role
}

// Description says in full what ObjectName can only hash, for objects that
// have room for it.
func (o Owner) Description() string {
	name := o.Name
	if o.Namespace != "" {
		name = o.Namespace + "/" + name
	}
	return "made by vpcnative for " + o.Kind + " " + name + " of cluster " + o.ClusterID
}

// ParseDescription is the opposite of Description; ok is false for another
// text.
func ParseDescription(text string) (o Owner, ok bool) {
	m := described.FindStringSubmatch(text)
	if m == nil {
		return Owner{}, false
	}
	return Owner{Kind: m[1], Namespace: m[2], Name: m[3], ClusterID: m[4]}, true
}

// ClusterPattern is an RE2 pattern of the whole of every name that is marked as
// the cluster's.
func ClusterPattern(clusterID string) string { return "vn-" + hash(clusterID) + "-.*" }

// NamePattern is an RE2 pattern of the whole of every name that is marked as
// the owner's.
func (o Owner) NamePattern() string {
	return "vn-" + hash(o.ClusterID) + "-(.*-)?" + o.hash() + "-[a-z0-9]*"
}

func (o Owner) hash() string {
	return hash(o.ClusterID + "/" + o.Kind + "/" + o.Namespace + "/" + o.Name)
}

var (
	unreadable = regexp.MustCompile(`[^a-z0-9]+`)
	marked     = regexp.MustCompile(`^vn-([a-z2-7]{8})-(?:([a-z0-9-]*)-)?([a-z2-7]{8})-(?:([0-9]{1,6})|([a-z][a-z0-9]{0,10}))$`)
	roles      = regexp.MustCompile(`^[a-z][a-z0-9]{0,10}$`)
	described  = regexp.MustCompile(`^made by vpcnative for ([^ /]+) (?:([^ /]+)/)?([^ /]+) of cluster (\S+)$`)
)

func readable(name string) string {
	s := strings.Trim(unreadable.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(s) > maxNamePart {
		s = strings.TrimRight(s[:maxNamePart], "-")
	}
	return s
}

// ParseMark reads the mark out of a cloud object's name. It is zero for a
// name that vpcnative did not give.
func ParseMark(name string) Mark {
	m := marked.FindStringSubmatch(name)
	if m == nil {
		return Mark{}
	}
	mark := Mark{Cluster: m[1], Name: m[2], Owner: m[3], Role: m[5]}
	if mark.Role == "" {
		mark.Index, _ = strconv.Atoi(m[4]) // digits, by the pattern
	}
	return mark
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
}
