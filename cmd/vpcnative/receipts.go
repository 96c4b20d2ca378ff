package main

import (
	"context"
	"io"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// receipt is the result for one cloud resource.
type receipt struct {
	Resource string `json:"resource"`
	For      string `json:"for,omitempty"`
	Result   string `json:"result"`
	Error    string `json:"error,omitempty"`
}

type receipts []receipt

func (l receipts) failures() (n int) {
	for _, r := range l {
		if r.Error != "" {
			n++
		}
	}
	return n
}

func (l receipts) print(w io.Writer, _ show.Style) error {
	if len(l) == 0 {
		_, err := io.WriteString(w, "nothing of the cluster is left\n")
		return err
	}
	rows, why := []string{"RESULT\tRESOURCE\tFOR"}, ""
	for _, r := range l {
		rows = append(rows, r.Result+"\t"+r.Resource+"\t"+r.For)
		if r.Error != "" {
			why += "\n" + r.Resource + ": " + r.Error + "\n"
		}
	}
	if err := show.Table(w, rows...); err != nil {
		return err
	}
	_, err := io.WriteString(w, why)
	return err
}

// list returns all resources, with one result.
func (r *remains) list(result string) (out receipts) {
	for _, p := range listed(r.parts) {
		out = append(out, receipt{Resource: p.Resource, For: p.For, Result: result})
	}
	for _, p := range r.pieces() {
		out = append(out, receipt{Resource: p.what, For: p.owner, Result: result})
	}
	return out
}

// remove deletes all resources, users first, and continues past failures.
func (r *remains) remove(ctx context.Context) (out receipts) {
	gone := map[string]bool{}
	var trouble error
	if r.balancers != nil {
		trouble = loadbalancer.RemoveOrphans(ctx, r.balancers, r.state, r.parts, func(x lb.Resource) { gone[x.Ref.String()] = true })
	}
	for _, p := range listed(r.parts) {
		x := receipt{Resource: p.Resource, For: p.For, Result: "deleted"}
		if !gone[p.Resource] {
			x.Result, x.Error = "still there", "a resource that uses it is still there, or could not be deleted"
			if trouble != nil {
				x.Error = oneLine(trouble)
			}
		}
		out = append(out, x)
	}
	for _, p := range r.pieces() {
		x := receipt{Resource: p.what, For: p.owner, Result: "deleted"}
		if err := p.remove(ctx); err != nil {
			x.Result, x.Error = "still there", oneLine(err)
		}
		out = append(out, x)
	}
	return out
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
