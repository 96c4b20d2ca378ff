package main

import (
	"fmt"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// leftover is a resource that has no owner, and why it is listed or what became of
// it.
type leftover struct {
	Resource string `json:"resource"`
	For      string `json:"for,omitempty"`
	Why      string `json:"why,omitempty"`
	Result   string `json:"result,omitempty"`
	Error    string `json:"error,omitempty"`
}

// found is what a search found: resources of load balancers, and what else
// carries a mark.
type found struct {
	state  lb.State
	parts  []lb.Orphan
	pieces []piece
}

// list names all that was found.
func (x found) list() []leftover {
	out := []leftover{}
	for _, part := range x.parts {
		out = append(out, leftoverOf(part.Resource, part.Why))
	}
	for _, p := range x.pieces {
		out = append(out, leftover{Resource: p.what, For: p.owner, Why: "its owner is gone: retained or left behind"})
	}
	return out
}

func leftoverOf(r lb.Resource, why string) leftover {
	owner := strings.TrimPrefix(r.Owner.Namespace+"/"+r.Owner.Name, "/")
	return leftover{Resource: r.Ref.String(), For: r.Owner.Kind + " " + owner, Why: why}
}

// printWhy prints what is listed, or why.
func printWhy(all []leftover) func(*show.Printer) {
	return func(p *show.Printer) {
		if len(all) == 0 {
			fmt.Fprintln(p, "no orphans")
			return
		}
		rows := []string{"RESOURCE\tFOR\tWHY"}
		for _, x := range all {
			rows = append(rows, x.Resource+"\t"+x.For+"\t"+x.Why)
		}
		p.Table(rows...)
	}
}

// printResults prints what became of each.
func printResults(all []leftover) func(*show.Printer) {
	return func(p *show.Printer) {
		if len(all) == 0 {
			fmt.Fprintln(p, "nothing of the cluster is left")
			return
		}
		rows, why := []string{"RESULT\tRESOURCE\tFOR"}, ""
		for _, x := range all {
			rows = append(rows, x.Result+"\t"+x.Resource+"\t"+x.For)
			if x.Error != "" {
				why += "\n" + x.Resource + ": " + x.Error + "\n"
			}
		}
		p.Table(rows...)
		p.WriteString(why)
	}
}
