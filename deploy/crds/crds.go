// Package crds holds the CustomResourceDefinitions that are installed, for
// programs that check an object without an API server.
package crds

import "embed"

// Files are the definitions, a file each.
//
//go:embed *.yaml
var Files embed.FS
