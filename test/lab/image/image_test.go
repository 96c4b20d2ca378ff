package image

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImageHoldsItsFilesAndFollowsFromThemAlone(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	i := Image{Name: "lab.local/app:1", Files: map[string]string{"/app": program}, Entrypoint: []string{"/app", "serve"}}
	var first map[string]string
	for range 2 {
		file := filepath.Join(dir, "image.tar")
		if err := i.Write(file); err != nil {
			t.Fatal(err)
		}
		parts := untar(t, file)
		if first != nil && parts["manifest.json"] != first["manifest.json"] {
			t.Error("the same image twice differs")
		}
		first = parts
	}
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := json.Unmarshal([]byte(first["manifest.json"]), &manifest); err != nil {
		t.Fatal(err)
	}
	if got := manifest[0]; got.RepoTags[0] != i.Name || first[got.Config] == "" || first[got.Layers[0]] == "" {
		t.Errorf("manifest %+v", got)
	}
	if config := first[manifest[0].Config]; !strings.Contains(config, `"Entrypoint":["/app","serve"]`) || !strings.Contains(config, digest([]byte(first["layer.tar"]))) {
		t.Errorf("config %s", config)
	}
}

func TestMissingFileIsNamed(t *testing.T) {
	err := Image{Name: "lab.local/app:1", Files: map[string]string{"/app": "/no/such/program"}}.Write(filepath.Join(t.TempDir(), "image.tar"))
	if err == nil || !strings.Contains(err.Error(), "/no/such/program") || !strings.Contains(err.Error(), "lab.local/app:1") {
		t.Error(err)
	}
}

func untar(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	parts := map[string]string{}
	for r := tar.NewReader(f); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[header.Name] = string(content)
	}
}
