package main

import (
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"qosreport/internal/atomicfile"
	"qosreport/internal/job"
	"qosreport/internal/query"
)

// profileWriter keeps the profiles of statements that fail or are slow beside the files of
// the report. One that cannot be written is no reason to end the run.
func profileWriter(o job.Options, log *slog.Logger) func(dataset string, p query.Profile) {
	return func(dataset string, p query.Profile) {
		id := strings.Map(func(r rune) rune {
			if strings.ContainsRune("0123456789abcdef", r) {
				return r
			}
			return '-'
		}, p.QueryID)
		path := filepath.Join(o.Out, job.FileName(o, "_"+dataset+"_"+id+".profile.txt"))
		err := atomicfile.Write(path, 0o600, func(w io.Writer) error {
			_, err := io.WriteString(w, strings.TrimSpace(p.Text)+"\n")
			return err
		})
		if err != nil {
			log.Warn("profile not written", "query_id", p.QueryID, "error", err.Error())
			return
		}
		log.Info("profile written", "query_id", p.QueryID, "took", p.Took.String(), "file", path)
	}
}
