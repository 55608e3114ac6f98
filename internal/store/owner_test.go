package store

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

func TestOwnersComeBackAsTheyWere(t *testing.T) {
	for _, o := range []Owner{Self(), {Host: "h"}, {Host: "h", Boot: "b", Space: "pid:[1]", PID: 7, Start: "123", Nonce: "N"}} {
		got, err := ParseOwner(o.String())
		if err != nil || got != o {
			t.Errorf("%s reads as %+v, %v; want %+v", o, got, err, o)
		}
	}
	if a, b := Self(), Self(); a == b {
		t.Errorf("two owners are %s", a)
	}
	for _, text := range []string{"", "h/b/s/1/2", "h/b/s/x/2/n", "h/b/s/-1/2/n", "h/b/s/1/2/n/more"} {
		if o, err := ParseOwner(text); err == nil {
			t.Errorf("%q reads as %+v", text, o)
		}
	}
}

func FuzzParseOwner(f *testing.F) {
	f.Add("h/b/pid:[1]/7/123/N")
	f.Add("/////")
	f.Add("h/b/s/99999999999999999999/1/n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOwner(text)
		if err != nil {
			return
		}
		if again, err := ParseOwner(o.String()); err != nil || again.PID != o.PID {
			t.Errorf("%q reads as %+v, and its text as %+v, %v", text, o, again, err)
		}
		_ = Self().Gone(o) // whatever was written there
	})
}

func TestWhichOwnersAreGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		if Self().Gone(Owner{Host: "h"}) {
			t.Error("an owner is gone where nobody can tell")
		}
		return
	}
	self := Self()
	ended := exec.Command(os.Args[0], "-test.run=^$")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Owner)) Owner {
		o := self
		change(&o)
		return o
	}
	tests := []struct {
		name string
		o    Owner
		want bool
	}{
		{"this process", self, false},
		{"a process that ended", with(func(o *Owner) { o.PID = ended.Process.Pid }), true},
		{"another that had this number before", with(func(o *Owner) { o.Start = "1" }), true},
		{"a process before the machine started again", with(func(o *Owner) { o.Boot = "earlier" }), true},
		{"a process on another host", with(func(o *Owner) { o.Host, o.Boot, o.PID = "other", "earlier", ended.Process.Pid }), false},
		{"a process in another container", with(func(o *Owner) { o.Space, o.PID = "pid:[1]", ended.Process.Pid }), false},
		{"a process of which little is known", Owner{Host: self.Host, PID: ended.Process.Pid}, false},
		{"process number 0", with(func(o *Owner) { o.PID = 0 }), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := self.Gone(tt.o); got != tt.want {
				t.Errorf("gone is %t for %+v; want %t", got, tt.o, tt.want)
			}
		})
	}
}
