package main

import (
	"go/ast"
	"go/token"
	"strings"
)

// statements counts those of a file; a block is none of its own.
func statements(file *ast.File) (n int) {
	ast.Inspect(file, func(node ast.Node) bool {
		if _, block := node.(*ast.BlockStmt); block {
			return true
		}
		if _, ok := node.(ast.Stmt); ok {
			n++
		}
		return true
	})
	return n
}

// complexity is the cyclomatic complexity, counted as gocyclo does.
func complexity(f *ast.FuncDecl) int {
	n := 1
	ast.Inspect(f, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if node.List != nil {
				n++
			}
		case *ast.CommClause:
			if node.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if node.Op == token.LAND || node.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

func functions(s source) (out []*ast.FuncDecl) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			out = append(out, f)
		}
	}
	return out
}

// readsSpace reports whether it is a call of a port's Space.Read, which takes a
// context alone; the shared reader's takes the Network and how fresh it is to be.
func readsSpace(call *ast.CallExpr) bool {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "Read" || len(call.Args) != 1 {
		return false
	}
	switch of := method.X.(type) {
	case *ast.SelectorExpr:
		return of.Sel.Name == "Space"
	case *ast.Ident:
		return strings.EqualFold(of.Name, "space")
	}
	return false
}

// readers are the places in controllers that read the VPC.
func readers(at *token.FileSet, shipped []source) (out []string) {
	for _, s := range shipped {
		if !strings.HasPrefix(s.path, "controllers/") {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok && readsSpace(call) {
				out = append(out, at.Position(call.Pos()).String())
			}
			return true
		})
	}
	return out
}
