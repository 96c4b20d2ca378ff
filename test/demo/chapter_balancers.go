package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// balanced are the Services with load balancers.
var balanced = []string{"shop", "ledger"}

// balancers has two Services get theirs.
func (s *stage) balancers(ctx context.Context) error {
	s.screen.quote(s.yaml("balancers"))
	s.note("The plan, before anything is created:")
	if err := s.askCloud(ctx, s.east, "^(Service|  create)", "plan", "-f", "balancers.yaml"); err != nil {
		return err
	}
	s.note("They are applied.")
	before := s.board.balancing()
	if err := s.east.apply(ctx, s.yaml("balancers")); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for the load balancers", s.balance(ctx, balanced...)); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for the watch to show it", s.board.reached(balanced...)); err != nil {
		return err
	}
	s.note("That took %s.", since(before, s.board.balancing()))
	return nil
}

// edit changes one, and then who serves all.
func (s *stage) edit(ctx context.Context) error {
	s.screen.quote(s.yaml("edited"))
	if err := s.askCloud(ctx, s.east, "", "plan", "-f", "edited.yaml"); err != nil {
		return err
	}
	s.note("It is applied.")
	before := s.board.balancing()
	if err := s.east.apply(ctx, s.yaml("edited")); err != nil {
		return err
	}
	err := s.until(ctx, "waiting for the load balancer", func() error { return errors.Join(s.listens("shop", editedPort), s.balance(ctx, balanced...)()) })
	if err != nil {
		return err
	}
	s.note("That took %s. Now worker-30 joins, and becomes a backend of all load balancers:", since(before, s.board.balancing()))
	before = s.board.balancing()
	if err := s.join(ctx, s.east, worker(30, 8)); err != nil {
		return err
	}
	err = s.until(ctx, "waiting for it to serve", func() error { return errors.Join(s.settled(ctx)(), s.serving(ctx)) })
	if err != nil {
		return err
	}
	s.note("That took %s.", since(before, s.board.balancing()))
	return s.askCloud(ctx, s.east, "", "plan", "service/default/shop")
}

// balance checks that each Service's balancer is as it says, and sends to all
// nodes.
func (s *stage) balance(ctx context.Context, names ...string) func() error {
	return func() error {
		for _, name := range names {
			o := &corev1.Service{}
			if err := s.east.api.Get(ctx, client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: name}, o); err != nil {
				return err
			}
			c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionLoadBalancer)
			if c == nil || c.Status != metav1.ConditionTrue || len(o.Status.LoadBalancer.Ingress) != 1 {
				return fmt.Errorf("the load balancer of Service %s: %+v, at %+v", name, c, o.Status.LoadBalancer.Ingress)
			}
		}
		return s.serving(ctx)
	}
}

// editedPort is what the edited Service listens on.
const editedPort = "443"

// listens checks that the Service's balancer has the port and no other.
func (s *stage) listens(name, port string) error {
	var on []string
	for _, p := range s.cloud.parts() {
		if p.For == metav1.NamespaceDefault+"/"+name && p.Port != "" {
			on = append(on, p.Port)
		}
	}
	if len(on) != 1 || on[0] != port {
		return fmt.Errorf("the load balancer of Service %s listens on %v, want %s", name, on, port)
	}
	return nil
}

// serving checks that every node of the first cluster is in every pool.
func (s *stage) serving(ctx context.Context) error {
	var nodes corev1.NodeList
	if err := s.east.api.List(ctx, &nodes); err != nil {
		return err
	}
	members := map[string]int{}
	for _, p := range s.cloud.parts() {
		if p.Pool {
			members[path.Base(p.Name)] += len(p.Members)
		}
	}
	for name, n := range members {
		if n != len(nodes.Items) {
			return fmt.Errorf("%s has %d members, there are %d nodes", name, n, len(nodes.Items))
		}
	}
	if len(members) == 0 {
		return errors.New("there are no pools")
	}
	return nil
}

// since says what calls were made.
func since(before, now map[string]int) string {
	var list []string
	all := 0
	for _, method := range slices.Sorted(maps.Keys(now)) {
		if n := now[method] - before[method]; n > 0 {
			all += n
			list = append(list, fmt.Sprintf("%s %d", method, n))
		}
	}
	if all == 1 {
		return "1 call that changes the cloud (" + list[0] + ")"
	}
	return fmt.Sprintf("%d calls that change the cloud (%s)", all, strings.Join(list, ", "))
}

// clearBalancers deletes the Services; their finalizers keep them until
// nothing of theirs is left.
func (s *stage) clearBalancers(ctx context.Context) error {
	for _, name := range balanced {
		if err := s.east.delete(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name}}); err != nil {
			return err
		}
	}
	return nil
}
