package yamlfile

import (
	"strings"
	"testing"
)

type whole struct {
	Name  label            `yaml:"name"`
	On    bool             `yaml:"on"`
	Size  int              `yaml:"size"`
	Share float64          `yaml:"share"`
	Parts map[string]*part `yaml:"parts"`
	List  []part           `yaml:"list"`
	Words []string         `yaml:"words"`
}

type label string

type part struct {
	A int `yaml:"a"`
}

func TestEveryMistakeIsTold(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"keys that are not known, in the order of the file", "z: 1\nname: a\ny: {b: [1]}\nx: 3\n", []string{
			`x.yaml:1:1: unknown key "z"`, `x.yaml:3:1: unknown key "y"`, `x.yaml:4:1: unknown key "x"`}},
		{"values that do not fit", "name: [a]\non: {b: 1}\nsize: two\nshare: [1]\nwords: {c: 1}\n", []string{
			"x.yaml:1:7: a value of type list where text is due; ", "x.yaml:2:5: a value of type mapping where true or false is due; ",
			"x.yaml:3:7: a value of type text where integer is due; ", "x.yaml:4:8: a value of type list where number is due; ",
			"x.yaml:5:8: a value of type mapping where list is due"}},
		{"some of each, in parts and lists", "parts:\n  one: {a: b, c: d}\n  two: 3\n  three:\n    a: [4]\nlist:\n  - {a: 1}\n  - {b: 2}\n  - three\n", []string{
			"x.yaml:2:12: a value of type text where integer is due; ", `x.yaml:2:15: unknown key "c"`, "x.yaml:3:8: a value of type integer where mapping is due",
			"x.yaml:5:8: a value of type list where integer is due; ", `x.yaml:8:6: unknown key "b"`, "x.yaml:9:5: a value of type text where mapping is due"}},
		{"a number without end", "size: 99999999999999999999\nshare: x\n", []string{
			"x.yaml:1:7: 99999999999999999999 is too large", "x.yaml:2:8: a value of type text where number is due; "}},
		{"no mapping at all", "- a\n- b\n", []string{"x.yaml:1:1: a value of type list where mapping is due"}},
		{"an alias of nothing", "name: *a\n", []string{`x.yaml:1:8: could not find alias "a"`}},
		{"an alias of what was a mistake is none of its own", "z: &a [1]\nwords: *a\n", []string{`x.yaml:1:1: unknown key "z"`}},
		{"a mistake that two aliases share", "parts: {one: &a {b: 1}, two: *a}\n", []string{`x.yaml:1:18: unknown key "b"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Parse("x.yaml", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			err = f.Decode(&whole{Size: 7})
			if err == nil {
				t.Fatal("no mistake")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("got %d mistakes:\n%v", len(lines), err)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("got %q; want %q", lines[i], want)
				}
			}
		})
	}
}

func TestMistakesHaveAnEnd(t *testing.T) {
	f, err := Parse("x.yaml", []byte("parts: {k: {b: 1}}\nwords: ["+strings.Repeat("[], ", 1000)+"a]\n"))
	if err != nil {
		t.Fatal(err)
	}
	err = f.Decode(&whole{})
	if err == nil || strings.Count(err.Error(), "\n")+1 != maxMisfits {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("parts: {one: &a {b: 1}, <<: *a}\nlist: [*a, {b: [}]\n"))
	f.Add([]byte("z: &a [1]\nwords: *a\nsize: {? [a] : b}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("x", data)
		if err != nil {
			return
		}
		_ = file.Decode(&whole{})
	})
}
