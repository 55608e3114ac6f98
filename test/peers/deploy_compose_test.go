//go:build peers

package peers

import (
	"fmt"
	"path/filepath"
	"testing"
)

func TestComposeFile(t *testing.T) {
	d := documents(t, "compose.yaml")[0]
	d.check(t, []setting{
		{"services.qosreport.build", ".."},
		{"services.qosreport.user", "65532:65532"},
		{"services.qosreport.read_only", "true"},
		{"services.qosreport.cap_drop", "[ALL]"},
		{"services.qosreport.security_opt", "[no-new-privileges:true]"},
		{"services.qosreport.stop_signal", "SIGTERM"},
		{"services.qosreport.stop_grace_period", fmt.Sprintf("%ds", stopSeconds)},
		{"services.qosreport.tmpfs", "[/tmp:mode=1777,size=256m,noexec,nosuid,nodev]"},
		{"services.qosreport.volumes", "[./qosreport.yaml:/etc/qosreport/configs/qosreport.yaml:ro store:/var/lib/qosreport]"},
		{"services.qosreport.secrets", "[report.keytab smtp-password]"},
		{"services.qosreport.ports", "[127.0.0.1:8080:8080]"},
		{"services.qosreport.healthcheck.test", "[CMD /qosreport status --live]"},
		{"services.qosreport.restart", "unless-stopped"},
		{"volumes.store", "map[]"},
	})
	schema := peerTool(t, "compose-spec.json")
	validate := `import json, sys, yaml
from jsonschema.validators import validator_for
schema = json.load(open(sys.argv[1]))
file = yaml.safe_load(open(sys.argv[2]))
file["services"]["qosreport"].update(json.loads(sys.argv[3]))
mistakes = [f"{e.json_path}: {e.message}" for e in validator_for(schema)(schema).iter_errors(file)]
print("\n".join(mistakes))
sys.exit(bool(mistakes))`
	python := peerTool(t, "venv/bin/python")
	path := filepath.Join(deployFolder, "compose.yaml")
	if out, err := tool(t, nil, python, "-c", validate, schema, path, "{}"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := tool(t, nil, python, "-c", validate, schema, path, `{"readonly": true}`); err == nil {
		t.Errorf("a wrong key passes:\n%s", out)
	}
}
