package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// nodePath holds the packages whose state is counted.
const nodePath = "controllers/node/"

// holders are the types of the Node's way that goroutines share: those with a
// mutex, an atomic, a sync.Map, or a channel that is used as a lock.
func holders(shipped []source) (out []string) {
	locks := channelLocks(shipped)
	for _, s := range shipped {
		if !strings.HasPrefix(s.path, nodePath) {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if kind, ok := spec.Type.(*ast.StructType); ok && slices.ContainsFunc(kind.Fields.List, func(f *ast.Field) bool {
				return guards(f.Type) || isSignal(f.Type) && slices.ContainsFunc(f.Names, func(n *ast.Ident) bool { return locks[s.dir()+"."+n.Name] })
			}) {
				out = append(out, s.path+": "+spec.Name.Name)
			}
			return true
		})
	}
	return out
}

// guards tells of a type that has something of package sync or atomic in it
// which guards state; what only waits or runs once does not.
func guards(t ast.Expr) (found bool) {
	ast.Inspect(t, func(node ast.Node) bool {
		if s, ok := node.(*ast.SelectorExpr); ok {
			switch p, _ := s.X.(*ast.Ident); {
			case p == nil:
			case p.Name == "atomic", p.Name == "sync" && slices.Contains([]string{"Mutex", "RWMutex", "Map"}, s.Sel.Name):
				found = true
			}
		}
		return !found
	})
	return found
}

func isSignal(t ast.Expr) bool {
	c, ok := t.(*ast.ChanType)
	if !ok {
		return false
	}
	s, ok := c.Value.(*ast.StructType)
	return ok && len(s.Fields.List) == 0
}

// channelLocks are the channels, as folder.field, that one function both sends
// to and receives from: it takes the lock and lets go of it.
func channelLocks(shipped []source) map[string]bool {
	out := map[string]bool{}
	for _, s := range shipped {
		for _, f := range functions(s) {
			sent, received := map[string]bool{}, map[string]bool{}
			ast.Inspect(f, func(node ast.Node) bool {
				switch node := node.(type) {
				case *ast.SendStmt:
					sent[fieldOf(node.Chan)] = true
				case *ast.UnaryExpr:
					if node.Op == token.ARROW {
						received[fieldOf(node.X)] = true
					}
				}
				return true
			})
			for name := range sent {
				if name != "" && received[name] {
					out[s.dir()+"."+name] = true
				}
			}
		}
	}
	return out
}

func fieldOf(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}
