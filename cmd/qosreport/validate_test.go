package main

import (
	"path/filepath"
	"testing"
)

func TestValidateTellsTheMistakesOfSchedules(t *testing.T) {
	write := func(t *testing.T, d *desk) {
		write(t, filepath.Join(d.dir, "queries/one.sql"), "SELECT name FROM acme")
		write(t, filepath.Join(d.dir, "configs/reports/one.yaml"), "version: 1\nparams: {site: {type: string}}\ndatasets: {one: {query: one.sql, rows: true}}\nsections: {top: {table: one}}\noutputs: {json: {}}\n")
	}
	d := newDesk(t, daily)
	write(t, d)
	d.want(0, "validate", "the configuration is valid", "report one is valid", "schedule daily is valid")
	d = newDesk(t, daily+`  lost: {report: nope, cron: "0 6 1 * MON", to: [a@example.com], owner: [a@example.com]}
  params: {report: one, cron: "0 6 * * *", params: {sites: [x]}, to: [a@example.com], owner: [a@example.com]}
  nobody: {report: one, cron: "0 6 * * *", owner: [a@example.com]}
`)
	write(t, d)
	at := d.dir + "/configs/qosreport.yaml:"
	d.want(2, "validate", "the configuration is valid", "schedule daily is valid", "warning: "+at+"13:30: schedules.lost: cron",
		at+`13:18: schedules.lost.report: there is no report "nope"`, at+"15:11: schedules.nobody.to: a mail needs a recipient", at+`14:52: schedules.params.params: report one has no parameter "sites"`)
}

// An address that no mail can go to would be found out in the night, and an owner's never.
func TestValidateTellsAddressesThatCannotBeMailed(t *testing.T) {
	for key, schedule := range map[string]string{
		"to":    `{report: one, cron: "0 6 * * *", to: ["ä@example.com"], owner: [a@example.com]}`,
		"owner": `{report: one, cron: "0 6 * * *", to: [a@example.com], owner: ["ö@example.com"]}`,
	} {
		d := newDesk(t, "schedules:\n  nightly: "+schedule+"\n")
		write(t, filepath.Join(d.dir, "queries/one.sql"), "SELECT name FROM acme")
		write(t, filepath.Join(d.dir, "configs/reports/one.yaml"), "version: 1\ndatasets: {one: {query: one.sql, rows: true}}\nsections: {top: {table: one}}\noutputs: {json: {}}\n")
		d.want(2, "validate", "schedules.nightly."+key+": To address", "has letters beyond ASCII")
		d.want(2, "serve", "schedules.nightly."+key+": To address")
	}
}
