//go:build peers

package peers

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"qosreport/internal/schedule"
)

// podSettings are those of each pod, whatever starts it.
func podSettings(prefix string) []setting {
	const container = "containers.0."
	settings := []setting{
		{"terminationGracePeriodSeconds", strconv.Itoa(stopSeconds)},
		{"automountServiceAccountToken", "false"},
		{"securityContext.runAsNonRoot", "true"},
		{"securityContext.runAsUser", "65532"},
		{"securityContext.runAsGroup", "65532"},
		{"securityContext.fsGroup", "65532"},
		{"securityContext.seccompProfile.type", "RuntimeDefault"},
		{container + "securityContext.readOnlyRootFilesystem", "true"},
		{container + "securityContext.allowPrivilegeEscalation", "false"},
		{container + "securityContext.capabilities.drop", "[ALL]"},
		{container + "resources.requests.memory", "128Mi"},
		{container + "resources.limits.memory", "1Gi"},
		{container + "env.0", "map[name:GOMEMLIMIT value:900MiB]"},
		{container + "volumeMounts.0", "map[mountPath:/etc/qosreport/configs/qosreport.yaml name:configuration readOnly:true subPath:qosreport.yaml]"},
		{container + "volumeMounts.1", "map[mountPath:/run/secrets name:secrets readOnly:true]"},
		{container + "volumeMounts.2", "map[mountPath:/var/lib/qosreport name:store]"},
		{container + "volumeMounts.3", "map[mountPath:/tmp name:tmp]"},
		{"volumes.0", "map[configMap:map[name:qosreport] name:configuration]"},
		{"volumes.1.secret.secretName", "qosreport"},
		{"volumes.1.secret.defaultMode", strconv.Itoa(0o440)},
		{"volumes.2", "map[name:store persistentVolumeClaim:map[claimName:qosreport]]"},
		{"volumes.3.name", "tmp"},
	}
	for i := range settings {
		settings[i].path = prefix + settings[i].path
	}
	return settings
}

func TestKubernetesFiles(t *testing.T) {
	t.Run("CronJob", func(t *testing.T) {
		d := object(t, "kubernetes/cronjob.yaml", "CronJob")
		voice := shippedConfig(t).Schedules["voice-daily"].Times
		d.check(t, []setting{
			{"spec.concurrencyPolicy", "Forbid"},
			{"spec.timeZone", voice.Zone().String()},
			{"spec.startingDeadlineSeconds", strconv.Itoa(int(voice.StartDeadline().Seconds()))},
			{"spec.jobTemplate.spec.backoffLimit", "0"},
			{"spec.jobTemplate.spec.activeDeadlineSeconds", strconv.Itoa(runSeconds(t))},
			{"spec.jobTemplate.spec.template.spec.restartPolicy", "Never"},
			{"spec.jobTemplate.spec.template.spec.containers.0.args", "[run --schedule voice-daily --slot last]"},
		})
		d.check(t, podSettings("spec.jobTemplate.spec.template.spec."))
		outer, err := schedule.Parse(schedule.Spec{ID: "outer", Expression: d.at("spec.schedule"), Zone: d.at("spec.timeZone")})
		if err != nil {
			t.Fatal(err)
		}
		after := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for range 400 {
			slot := voice.Next(after)
			if late := outer.Next(slot.Fire).Fire.Sub(slot.Fire); late <= 0 || late > 5*time.Minute {
				t.Fatalf("slot %s is looked for %s after it is due", slot.Key, late)
			}
			after = slot.Fire
		}
	})
	t.Run("Deployment", func(t *testing.T) {
		d := object(t, "kubernetes/deployment.yaml", "Deployment")
		const container = "spec.template.spec.containers.0."
		d.check(t, []setting{
			{"spec.replicas", "1"},
			{"spec.strategy.type", "Recreate"},
			{"spec.selector.matchLabels", d.at("spec.template.metadata.labels")},
			{container + "args", "[serve]"},
			{container + "ports.0.containerPort", "8080"},
			{container + "livenessProbe.exec.command", "[/qosreport status --live]"},
			{container + "livenessProbe.timeoutSeconds", "10"},
			{container + "readinessProbe.httpGet", "map[path:/readyz port:http]"},
		})
		d.check(t, podSettings("spec.template.spec."))
	})
	t.Run("claim of a volume", func(t *testing.T) {
		object(t, "kubernetes/configuration.yaml", "PersistentVolumeClaim").check(t, []setting{
			{"metadata.name", "qosreport"},
			{"spec.accessModes", "[ReadWriteOnce]"},
			{"spec.resources.requests.storage", "5Gi"},
		})
	})
}

// Schemas of the first release that knows timeZone and of a late one, strictly.
func TestKubernetesKnowsEveryKey(t *testing.T) {
	validate := peerTool(t, "venv/bin/kubernetes-validate")
	paths, err := filepath.Glob(filepath.Join(deployFolder, "kubernetes", "*.yaml"))
	if err != nil || len(paths) != 3 {
		t.Fatal(paths, err)
	}
	for _, release := range []string{"1.27.0", "1.37.0"} {
		out, err := tool(t, nil, validate, append([]string{"--strict", "-k", release}, paths...)...)
		if err != nil || strings.Count(out, " passed ") != 4 {
			t.Errorf("%s: %v\n%s", release, err, out)
		}
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	text, err := os.ReadFile(filepath.Join(deployFolder, "kubernetes", "cronjob.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(wrong, bytes.Replace(text, []byte("timeZone:"), []byte("timezone:"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := tool(t, nil, validate, "--strict", wrong); err == nil {
		t.Errorf("a wrong key passes:\n%s", out)
	}
}
