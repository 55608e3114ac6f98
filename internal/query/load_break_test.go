package query

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestEveryTemplateThatIsNoneIsTold(t *testing.T) {
	fsys := fstest.MapFS{
		"q/a.sql":       {Data: []byte("SELECT {{.DateFrom")},
		"q/b.sql":       {Data: []byte("SELECT 1")},
		"q/voice/c.sql": {Data: []byte("SELECT {{nope}}")},
	}
	_, err := LoadTemplates(fsys, "q")
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "load queries: template: a.sql:1: ") || !strings.HasPrefix(lines[1], "load queries: template: voice/c.sql:1: ") {
		t.Errorf("got %q", lines)
	}
}
