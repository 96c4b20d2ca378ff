package fabric

import (
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

func TestPacketsGoWhereEC2Says(t *testing.T) {
	var f atomic.Pointer[Fabric]
	cloud := newEC2Cloud(t, awssim.Config{Answers: func(group, instance string) bool {
		return f.Load() != nil && f.Load().Healthy(group, instance)
	}}, 3)
	kept := cloud.balance(t, "kept", types.LoadBalancerSchemeEnumInternetFacing, 80, 30080, true)
	cloud.balance(t, "hidden", types.LoadBalancerSchemeEnumInternal, 80, 30080, false)
	pods := map[string]string{}
	for n, id := range cloud.machines {
		pods[id] = delegatedTo(n).Addr().Next().Next().String()
	}
	c := cloud.config()
	c.Lag = 100 * time.Millisecond
	r := newRig(t, c, pods)
	f.Store(r.Fabric)
	for n, id := range cloud.machines {
		r.serve(r.ns(id), ":30080", fmt.Sprint("m", n))
		r.serve(r.ns(id), ":10256", "ok")
	}
	a, b := cloud.machines[0], cloud.machines[1]
	r.serve(r.pod(b), ":8080", "pod-b")
	r.serve(r.InternetNamespace(), Internet+":80", "internet")
	host := func(part string) string {
		for name, addresses := range r.Hosts() {
			if strings.HasPrefix(name, part) && len(addresses) > 0 {
				return addresses[0].String()
			}
		}
		return ""
	}
	reported := func(id string) string {
		reply, err := cloud.api.elb.DescribeTargetHealth(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &kept})
		must(t, err)
		for _, x := range reply.TargetHealthDescriptions {
			if aws.ToString(x.Target.Id) == id {
				return string(x.TargetHealth.State)
			}
		}
		return ""
	}

	t.Run("pods of two machines and two zones talk without NAT", func(t *testing.T) {
		r.within(2*time.Second, "pod-b "+pods[a], func() string { return r.ask(r.pod(a), "", pods[b]+":8080") })
	})
	t.Run("the internet sees a machine, and no pod", func(t *testing.T) {
		r.within(time.Second, "internet "+r.nics[a].External.String(), func() string { return r.ask(r.ns(a), "", Internet+":80") })
		if got := r.ask(r.pod(a), "", Internet+":80"); got != "" {
			t.Errorf("a pod's own address gets out: %s", got)
		}
	})
	t.Run("security groups are followed", func(t *testing.T) {
		if got := r.ask(r.InternetNamespace(), "", host("kept")+":80"); got != "" {
			t.Errorf("the internet gets in without a rule: %s", got)
		}
		cloud.admit(t, "192.0.2.0/24", 30000, 32767)
		r.within(3*time.Second, Internet, func() string { return client(r.ask(r.InternetNamespace(), "", host("kept")+":80")) })
	})
	t.Run("probes find out who is healthy", func(t *testing.T) {
		cloud.admit(t, "10.0.0.0/16", 1, 65535)
		for _, id := range cloud.machines {
			r.within(20*time.Second, "healthy", func() string { return reported(id) })
		}
	})
	t.Run("clients are seen where their addresses are preserved", func(t *testing.T) {
		r.within(time.Second, Internet, func() string { return client(r.ask(r.InternetNamespace(), "", host("kept")+":80")) })
		r.within(time.Second, host("hidden"), func() string { return client(r.ask(r.pod(a), "", host("hidden")+":80")) })
	})
	t.Run("prefixes that are unassigned stop within a second", func(t *testing.T) {
		must(t, cloud.Unassign(cloud.interfaceOf(b), delegatedTo(1)))
		began, took := time.Now(), time.Duration(0)
		for r.ask(r.pod(a), "", pods[b]+":8080") != "" && took < 5*time.Second {
			took = time.Since(began)
		}
		if took > time.Second {
			t.Errorf("it took %s", took)
		}
		before := r.dropped(r.nics[b].Device + " spoofed")
		if got := r.ask(r.pod(b), "", r.nics[a].Primary.String()+":30080"); got != "" || r.dropped(r.nics[b].Device+" spoofed") == before {
			t.Errorf("its packets are not dropped: %q, %v", got, r.Dropped())
		}
	})
	t.Run("a route to a machine works where the check is off", func(t *testing.T) {
		must(t, cloud.AddRoute(cloud.vpc, netip.MustParsePrefix("172.20.0.0/24"), cloud.interfaceOf(b)))
		must(t, cloud.uncheck(t, b))
		pod := "172.20.0.9"
		for _, line := range [][2]string{{r.ns(b), "route add " + pod + " dev pod0"}, {r.pod(b), "addr add " + pod + "/32 dev eth0"}} {
			r.ip(line[0], line[1])
		}
		r.within(3*time.Second, "pod-b "+pods[a], func() string { return r.ask(r.pod(a), "", pod+":8080") })
	})
	t.Run("an instance that is terminated is cut off", func(t *testing.T) {
		must(t, cloud.TerminateInstance(b))
		r.within(3*time.Second, "", func() string { return r.ask(r.ns(a), "", r.nics[b].Primary.String()+":30080") })
	})
}

// client is who a server saw, out of "name client".
func client(text string) string {
	_, client, _ := strings.Cut(text, " ")
	return client
}
