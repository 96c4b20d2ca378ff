package gcesim

// lbShelf holds one kind of load balancing's resources, and those that are
// being made: they count as users and as holders already.
type lbShelf[T resource] struct {
	*table[T]
	making map[string]T // by path
}

func newShelf[T resource](keep int) *lbShelf[T] {
	return &lbShelf[T]{newTable[T](keep), map[string]T{}}
}

// every visits what is there and what is being made.
func (sh *lbShelf[T]) every(f func(v T)) {
	sh.all(func(_ shelfKey, v T) { f(v) })
	for _, v := range sh.making {
		f(v)
	}
}

// spot is where a resource lives.
type spot struct {
	project string
	in      scope
}

type lbThing interface {
	resource
	header() header
}

// lbKind is what the handlers of a kind have in common, and what is its own.
type lbKind[S any, T interface {
	*S
	lbThing
}] struct {
	kind, collection string
	quota            string
	// fixed fields cannot be changed by a patch.
	fixed []string
	// versioned: a patch needs the fingerprint.
	versioned bool
	shelf     func(*Sim) *lbShelf[T]
	// complete validates a new or changed object (was is nil for a new one) as
	// a whole and fills in what the platform does.
	complete func(s *Sim, at spot, v, was T) *APIError
	// enter takes what a new object takes; undo gives it back.
	enter func(s *Sim, at spot, v T) (undo func(), refusal *APIError)
	// user is the path of what uses the object, empty where nothing does.
	user func(s *Sim, v T) string
	// leave gives back what it held.
	leave func(s *Sim, at spot, v T)
	// dress alters what is read.
	dress func(s *Sim, v T) T
}

func (k *lbKind[S, T]) dressIn(s *Sim) func(T) T {
	if k.dress == nil {
		return nil
	}
	return func(v T) T { return k.dress(s, v) }
}

func (k *lbKind[S, T]) get(s *Sim, c *call) (any, *APIError) {
	v, ok := lookBack(s, c, k.shelf(s).table).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path(k.collection, c.Resource))
	}
	if k.dress != nil {
		v = k.dress(s, v)
	}
	return v, nil
}

func (k *lbKind[S, T]) list(s *Sim, c *call) (any, *APIError) {
	return listFrom(s, c, lookBack(s, c, k.shelf(s).table), k.kind, k.collection, k.dressIn(s))
}

func (k *lbKind[S, T]) aggregate(s *Sim, c *call) (any, *APIError) {
	return aggregateFrom(s, c, lookBack(s, c, k.shelf(s).table), k.kind, k.collection, k.dressIn(s), "global", "regions", "zones")
}

// target is the object that a custom method is about, ready to be changed.
func (k *lbKind[S, T]) target(s *Sim, c *call) (T, *APIError) {
	path := c.path(k.collection, c.Resource)
	v, ok := k.shelf(s).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	if s.isBusy(path) {
		return nil, notReady(path)
	}
	return v, nil
}

// refer resolves a reference and wants the resource there and at rest.
func refer[T resource](s *Sim, sh *lbShelf[T], at spot, field, text, collection string) (T, ref, *APIError) {
	var none T
	r, ok := parseRef(text, at.project, collection)
	if !ok {
		return none, r, invalidField(field, text, "The URL is malformed.")
	}
	if s.isBusy(r.path(collection)) {
		return none, r, notReady(r.path(collection))
	}
	v, ok := sh.get(r.project, r.in, r.name)
	if !ok {
		return none, r, notFound(r.path(collection))
	}
	return v, r, nil
}
