package kerberos

import (
	"fmt"
	"slices"
)

// position is a place in a file; line and column count from 1, the column in characters.
type position struct {
	file         string
	line, column int
}

func (p position) String() string { return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column) }

// relation is a line "tag = value" or a block "tag = { ... }" of a file in the grammar
// of MIT's krb5.conf. Sections are blocks of the root.
type relation struct {
	tag   string
	value string
	block []*relation
	isMap bool // a block, which may be empty
	final bool // marked with "*": files that follow add nothing
	file  int  // index of the file of the list, counted from 0
	at    position
}

// values are the values of a path of tags, in the order of the files. Of blocks with the
// same name all count, until one in an earlier file was final.
func (r *relation) values(path ...string) []*relation {
	found := []*relation{r}
	for _, tag := range path {
		var next []*relation
		for _, block := range found {
			next = append(next, block.children(tag)...)
		}
		found = untilFinal(next)
	}
	return found
}

func (r *relation) children(tag string) []*relation {
	var found []*relation
	for _, c := range r.block {
		if c.tag == tag {
			found = append(found, c)
		}
	}
	return found
}

func untilFinal(all []*relation) []*relation {
	for i, r := range all {
		if i > 0 && r.file > all[i-1].file && slices.ContainsFunc(all[:i], func(e *relation) bool { return e.final }) {
			return all[:i]
		}
	}
	return all
}
