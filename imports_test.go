package qosreport

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports is which packages of ours each package may use. It is the architecture: a new
// arrow is a decision and goes here first.
var imports = map[string][]string{
	".":                           {},
	"cmd/qosreport":               {".", "internal/..."},
	"internal/fault":              {},
	"internal/atomicfile":         {"internal/fault"},
	"internal/yamlfile":           {},
	"internal/config":             {"internal/impala/queryoption", "internal/fault", "internal/schedule", "internal/yamlfile"},
	"internal/definition":         {"internal/query", "internal/qos", "internal/fault", "internal/yamlfile"},
	"internal/kerberos":           {"internal/kerberos/krb5", "internal/fault"},
	"internal/kerberos/krb5":      {"internal/fault"},
	"internal/kerberos/acceptor":  {"internal/kerberos/krb5", "internal/fault"},
	"internal/impala":             {"internal/impala/wire", "internal/impala/queryoption", "internal/fault"},
	"internal/impala/queryoption": {},
	"internal/impala/wire":        {},
	"internal/impala/hs2server":   {"internal/impala/wire"},
	"internal/impala/replay":      {"internal/impala/wire", "internal/impala/hs2server"},
	"internal/query":              {"internal/impala", "internal/impala/wire", "internal/qos", "internal/fault"},
	"internal/qos":                {},
	"internal/store":              {"internal/fault"},
	"internal/report":             {"internal/fault", "internal/qos", "internal/definition", "internal/query", "internal/impala/wire"},
	"internal/report/chart":       {"internal/report"},
	"internal/report/html":        {"internal/report", "internal/report/chart", "internal/query"},
	"internal/report/mail":        {"internal/report", "internal/query"},
	"internal/report/xlsx":        {"internal/report", "internal/query", "internal/definition"},
	"internal/deliver":            {"internal/atomicfile", "internal/fault"},
	"internal/schedule":           {"internal/fault"},
	"internal/planner":            {"internal/schedule", "internal/store", "internal/fault"},
	"internal/web":                {"internal/store", "internal/fault"},
	"internal/job":                {"internal/store", "internal/atomicfile", "internal/definition", "internal/deliver", "internal/query", "internal/qos", "internal/report", "internal/report/...", "internal/fault"},
	"internal/lab":                {"internal/lab/...", "internal/kerberos/acceptor", "internal/impala/hs2server", "internal/atomicfile", "internal/fault"},
	"internal/lab/kdc":            {"internal/atomicfile", "internal/kerberos/krb5", "internal/fault"},
	"internal/lab/authority":      {},
	"internal/lab/mailbox":        {"internal/lab/authority", "internal/fault"},
	"internal/lab/pipenet":        {},
	"internal/lab/sql":            {},
	"internal/lab/sample":         {"internal/lab/sql", "internal/qos"},
	"internal/lab/impalad":        {"internal/lab/sql", "internal/impala/hs2server", "internal/impala/wire"},
}

// forbidden are parts of libraries that must not come in: gokrb5's client, service and
// SPNEGO packages know no contexts and hide causes, its configuration reader panics.
var forbidden = []string{"github.com/jcmturner/gokrb5/v8/client", "github.com/jcmturner/gokrb5/v8/service",
	"github.com/jcmturner/gokrb5/v8/spnego", "github.com/jcmturner/gokrb5/v8/kadmin"}

func TestImports(t *testing.T) {
	seen := make(map[string]bool)
	err := fs.WalkDir(rootFS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && name != "." {
			return fs.SkipDir
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		dir := path.Dir(name)
		seen[dir] = true
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			checkImport(t, name, dir, imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range imports {
		if !seen[dir] {
			t.Errorf("the table names %s, which is no package", dir)
		}
	}
}

func checkImport(t *testing.T, file, dir, imported string) {
	t.Helper()
	if slices.Contains(forbidden, imported) {
		t.Errorf("%s imports %s, which must not come in", file, imported)
	}
	var ours string
	switch {
	case imported == "qosreport":
		ours = "."
	case strings.HasPrefix(imported, "qosreport/"):
		ours = strings.TrimPrefix(imported, "qosreport/")
	default:
		return
	}
	allowed, known := imports[dir]
	if !known {
		t.Errorf("package %s is not in the table of imports", dir)
		return
	}
	for _, a := range allowed {
		if a == ours || strings.HasSuffix(a, "/...") && strings.HasPrefix(ours, strings.TrimSuffix(a, "...")) {
			return
		}
	}
	t.Errorf("%s imports %s, which the table does not allow", file, ours)
}

// rootFS is the source tree: tests run in the folder of their package.
func rootFS() fs.FS { return os.DirFS(".") }
