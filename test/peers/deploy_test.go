//go:build peers

package peers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"qosreport/internal/config"
)

const deployFolder = "../../deploy"

// shippedConfig is the configuration that the files of deploy are written for.
func shippedConfig(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Load(os.DirFS(deployFolder), "qosreport.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c
}

// peerTool is a program that test/peers/install has put into its cache.
func peerTool(t *testing.T, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(cache, "qosreport-peers", name)
}

// document is one object of a file: maps, lists and values.
type document map[string]any

func documents(t *testing.T, name string) []document {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deployFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	var all []document
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var d document
		if err := decoder.Decode(&d); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, d)
	}
}

// object is the document of one kind in a file.
func object(t *testing.T, name, kind string) document {
	t.Helper()
	for _, d := range documents(t, name) {
		if d["kind"] == kind {
			return d
		}
	}
	t.Fatalf("%s holds no %s", name, kind)
	return nil
}

// at is what stands at a path like spec.containers.0.args, as text; "" when nothing does.
func (d document) at(path string) string {
	var v any = map[string]any(d)
	for key := range strings.SplitSeq(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(node) {
				return ""
			}
			v = node[i]
		default:
			return ""
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// setting is what a file must say at a place.
type setting struct{ path, want string }

func (d document) check(t *testing.T, settings []setting) {
	t.Helper()
	for _, s := range settings {
		if got := d.at(s.path); got != s.want {
			t.Errorf("%s is %q, want %q", s.path, got, s.want)
		}
	}
}

// Times that files of deploy repeat, as the program has them.
const stopSeconds = 60

func runSeconds(t *testing.T) int {
	t.Helper()
	grace := config.Default().ShutdownGrace.Duration
	if margin := stopSeconds*time.Second - grace; margin < 30*time.Second {
		t.Errorf("a stop has %s after its grace of %s", margin, grace)
	}
	return int((config.DefaultRunTimeout + time.Minute).Seconds())
}

func TestShippedConfigurationOfContainers(t *testing.T) {
	c := shippedConfig(t)
	for _, row := range []struct{ name, got, want string }{
		{"store.path", filepath.Dir(c.Store.Path), "/var/lib/qosreport"},
		{"kerberos.keytab", c.Kerberos.Keytab, "/run/secrets/report.keytab"},
		{"smtp.password_file", c.SMTP.PasswordFile, "/run/secrets/smtp-password"},
		{"web.listen", c.Web.Listen, "0.0.0.0:8080"},
	} {
		if row.got != row.want {
			t.Errorf("%s is %q, want %q as it is mounted", row.name, row.got, row.want)
		}
	}
	text, err := os.ReadFile(filepath.Join(deployFolder, "qosreport.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	data, _ := object(t, "kubernetes/configuration.yaml", "ConfigMap")["data"].(map[string]any)
	if data["qosreport.yaml"] != string(text) {
		t.Errorf("the ConfigMap differs from qosreport.yaml:\n%s", data["qosreport.yaml"])
	}
}
