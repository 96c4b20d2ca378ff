package gcp

import (
	"fmt"
	stdpath "path"
	"reflect"
	"strings"

	"google.golang.org/api/googleapi"
)

// hole is a part of a list that the cloud left out: that of one zone or region
// ("zones/us-central1-b"), or of nobody knows where.
type hole struct{ where, why string }

func (h hole) String() string {
	if h.where == "" {
		return h.why
	}
	return strings.TrimSuffix(h.where+" ("+h.why+")", " ()")
}

// zone is the hole's, where it is one zone's.
func (h hole) zone() string {
	zone, _ := strings.CutPrefix(h.where, "zones/")
	if zone == h.where {
		return ""
	}
	return zone
}

// harmless are the warnings by which nothing is left out of a list. Any other,
// also one that is not known yet, may mean that something is.
var harmless = map[string]bool{
	"": true, "NO_RESULTS_ON_PAGE": true, // how a page says that a scope has nothing on it
	"CLEANUP_FAILED": true, "DEPRECATED_RESOURCE_USED": true, "DEPRECATED_TYPE_USED": true, "DISK_SIZE_LARGER_THAN_IMAGE_SIZE": true,
	"EXPERIMENTAL_TYPE_USED": true, "FIELD_VALUE_OVERRIDEN": true, "INJECTED_KERNELS_DEPRECATED": true,
	"INVALID_HEALTH_CHECK_FOR_DYNAMIC_WIEGHTED_LB": true, "LARGE_DEPLOYMENT_WARNING": true, "MISSING_TYPE_DEPENDENCY": true,
	"NEXT_HOP_ADDRESS_NOT_ASSIGNED": true, "NEXT_HOP_CANNOT_IP_FORWARD": true, "NEXT_HOP_INSTANCE_HAS_NO_IPV6_INTERFACE": true,
	"NEXT_HOP_INSTANCE_NOT_FOUND": true, "NEXT_HOP_INSTANCE_NOT_ON_NETWORK": true, "NEXT_HOP_NOT_RUNNING": true, "QUOTA_INFO_UNAVAILABLE": true,
	"REQUIRED_TOS_AGREEMENT": true, "RESOURCE_IN_USE_BY_OTHER_RESOURCE_WARNING": true, "RESOURCE_NOT_DELETED": true,
	"SCHEMA_VALIDATION_IGNORED": true, "SINGLE_INSTANCE_PROPERTY_TEMPLATE": true, "UNDECLARED_PROPERTIES": true,
}

// pageOf begins a page of what a list call came back with, any of the client's
// list types: with its token, and every way in which it says that it is not
// whole. Every list passes here, so that none can forget one.
func pageOf[T any](reply any) page[T] {
	v := reflect.ValueOf(reply).Elem()
	p := page[T]{next: v.FieldByName("NextPageToken").String()}
	if list := v.FieldByName("Unreachables"); list.IsValid() {
		for i := range list.Len() {
			p.holes = append(p.holes, hole{where: placeOf(list.Index(i).String())})
		}
	}
	if items := v.FieldByName("Items"); items.Kind() == reflect.Map {
		for each := items.MapRange(); each.Next(); {
			if why := warningOf(each.Value()); why != "" {
				p.holes = append(p.holes, hole{placeOf(each.Key().String()), why})
			}
		}
	}
	if why := warningOf(v); why != "" && len(p.holes) == 0 { // else it is about those
		p.holes = append(p.holes, hole{why: why})
	}
	return p
}

// warningOf reads a warning that means a hole; empty where there is none.
func warningOf(v reflect.Value) string {
	w := v.FieldByName("Warning")
	if !w.IsValid() || w.IsNil() {
		return ""
	}
	code, message := w.Elem().FieldByName("Code").String(), w.Elem().FieldByName("Message").String()
	if harmless[code] {
		return ""
	}
	return fmt.Sprintf("%s: %s", code, message)
}

// placeOf cuts what comes before "zones/" or "regions/".
func placeOf(text string) string {
	text = strings.TrimSuffix(text, "/")
	if kind := stdpath.Base(stdpath.Dir(text)); kind == "zones" || kind == "regions" {
		return kind + "/" + stdpath.Base(text)
	}
	return text
}

// take adds what a list has. An entry without content is something that is not
// shown.
func take[X, T any](p *page[T], list []*X, read func(*X) T) {
	for _, x := range list {
		if x == nil {
			p.holes = append(p.holes, hole{why: "an entry is empty"})
			continue
		}
		p.items = append(p.items, read(x))
	}
}

// listFields is the field mask of a list type: of each item the fields given,
// and all by which the list says that it is not whole.
func listFields[L any](of string) googleapi.Field {
	const warning = "warning(code,message)"
	t := reflect.TypeFor[L]()
	all := []string{"nextPageToken", warning}
	if _, ok := t.FieldByName("Unreachables"); ok {
		all = append(all, "unreachables")
	}
	items, _ := t.FieldByName("Items")
	if items.Type.Kind() != reflect.Map {
		return googleapi.Field(strings.Join(append(all, "items("+of+")"), ","))
	}
	all = append(all, "items/*/"+warning)
	for i := range items.Type.Elem().NumField() {
		f := items.Type.Elem().Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.Type.Kind() == reflect.Slice && name != "-" {
			all = append(all, "items/*/"+name+"("+of+")")
		}
	}
	return googleapi.Field(strings.Join(all, ","))
}
