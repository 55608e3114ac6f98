package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos"
	"qosreport/internal/kerberos/krb5"
)

// keytabListCmd lists what a keytab holds, as klist -k -t -e does.
type keytabListCmd struct {
	File string `arg:"" help:"The keytab."`
	JSON bool   `name:"json" help:"Print JSON."`
	fileFlags
}

// listedKey is an entry of a keytab without its key.
type listedKey struct {
	KVNO      uint32    `json:"kvno"`
	Written   time.Time `json:"written"`
	Enctype   string    `json:"enctype"`
	Principal string    `json:"principal"`
	Damaged   bool      `json:"damaged,omitempty"` // the key has not the length of its type
}

// Run prints an entry a line, in the order of the file.
func (k *keytabListCmd) Run(a *app) error {
	c, err := k.load()
	if err != nil {
		return err
	}
	entries, err := kerberos.ReadKeytab(k.File)
	if err != nil {
		return err
	}
	defer clearKeys(entries)
	var keys []listedKey
	for _, e := range entries {
		keys = append(keys, listedKey{e.KVNO, e.Written.UTC(), krb5.EnctypeName(e.Key.Enctype), e.Principal.String(), kerberos.Damaged(e.Key) != nil})
	}
	if k.JSON {
		return printJSON(a.out, keys)
	}
	zone := zoneNamed(c.Zone, time.UTC)
	var p page
	t := table{{"kvno", "written", "enctype", "principal"}}
	for _, key := range keys {
		enctype := key.Enctype
		if key.Damaged {
			enctype += " (damaged)"
		}
		t.row(fmt.Sprint(key.KVNO), key.Written.In(zone).Format(secondLayout), enctype, key.Principal)
	}
	p.line("keytab %s", k.File)
	p.table("", t)
	path, err := kerberos.KeytabPath(k.File)
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		p.line("the file is open to other users (mode %04o): chmod 600 %s", info.Mode().Perm(), path)
	}
	return p.print(a)
}

func printJSON(w io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, 0, err)
	}
	_, err = w.Write(append(text, '\n'))
	return outputError(err)
}
