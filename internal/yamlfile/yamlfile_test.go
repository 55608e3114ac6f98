package yamlfile

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

type sample struct {
	Name  string            `yaml:"name"`
	Inner map[string]string `yaml:"inner"`
	List  []int             `yaml:"list"`
}

func decode(text string) (*File, sample, error) {
	f, err := Read(fstest.MapFS{"x.yaml": {Data: []byte(text)}}, "x.yaml")
	if err != nil {
		return nil, sample{}, err
	}
	s := sample{Name: "default"}
	return f, s, f.Decode(&s)
}

func TestMistakesHaveTheirPlace(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"an unknown key", "name: a\nnmae: b\n", `x.yaml:2:1: unknown key "nmae"`},
		{"a repeated key", "name: a\nname: b\n", "x.yaml:2:1: "},
		{"a wrong type", "list: no\n", "x.yaml:1:7: "},
		{"a star that is not quoted", "name: * 6 * * *\n", "x.yaml:1:"},
		{"a brace that is not closed", "inner: {a: b\n", "x.yaml:1:"},
		{"a second document", "name: a\n---\nname: b\n", "more than one document"},
		{"nothing", "", "the file is empty"},
		{"too much", "name: " + strings.Repeat("x", maxSize), "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := decode(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAnErrorShowsNoOtherLine(t *testing.T) {
	_, _, err := decode("name: geheim\nlist: no\n")
	if err == nil || strings.Contains(err.Error(), "geheim") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestPlacesAndKeys(t *testing.T) {
	f, s, err := decode("inner:\n  b: one\n  a: two\nlist: [1, 2]\n")
	if err != nil || s.Name != "default" {
		t.Fatal(s, err)
	}
	for path, want := range map[string]string{"inner.a": "x.yaml:3:6: ", "list[1]": "x.yaml:4:11: ", "inner.zzz": "x.yaml:2:", "nothing": "x.yaml: "} {
		if got := f.Place(path); !strings.HasPrefix(got, want) {
			t.Errorf("%s is at %q, want %q", path, got, want)
		}
	}
	if got := f.Keys("inner"); !reflect.DeepEqual(got, []string{"b", "a"}) {
		t.Errorf("keys %v", got)
	}
	m := Mistakes{File: f, Elsewhere: map[string]string{"other": "--other"}}
	m.Require("inner.a", false, "is %q: write three", "two")
	m.Require("inner.b", true, "is wrong")
	m.Add("list[1]", fmt.Errorf("bad"))
	m.Add("other[0]", fmt.Errorf("worse"))
	if want := "x.yaml:3:6: inner.a is \"two\": write three\nx.yaml:4:11: bad\n--other: worse"; m.Err().Error() != want {
		t.Errorf("got %q", m.Err())
	}
}

func TestDeepNestingIsRefusedSoon(t *testing.T) {
	for _, text := range []string{"[", "{a: ", "- ", "[{a: "} {
		if _, err := Parse("x.yaml", []byte("a:\n "+strings.Repeat(text, 10_000))); err == nil || !strings.Contains(err.Error(), "x.yaml:2:") || !strings.Contains(err.Error(), "levels deep") {
			t.Errorf("%q: got %.100v", text, err)
		}
	}
	long := "list:\n" + strings.Repeat("- - [[1], {a: 2}]\n", 200)
	if _, err := Parse("x.yaml", []byte(long)); err != nil {
		t.Errorf("a long file that is not deep: %v", err)
	}
}

func TestKeysOfAnchorsAndMerges(t *testing.T) {
	f, err := Parse("x.yaml", []byte("one: &a\n  b: 1\n  a: 2\ntwo:\n  <<: *a\n  c: 3\nthree: &d\n  e: 4\nfour: 5\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{"one": {"b", "a"}, "two": {"c"}, "three": {"e"}, "four": nil, "five": nil} {
		if got := f.Keys(path); !reflect.DeepEqual(got, want) {
			t.Errorf("keys of %s: %v", path, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a: {b: [1, *x]}\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if file, err := Parse("x", data); err == nil {
			var s sample
			_ = file.Decode(&s)
			file.Place("inner.a[0]")
			file.Keys("inner")
		}
	})
}
