// Package query turns SQL templates and typed parameters into statements, and the rows
// that come back into states or text.
//
// A template never sees a plain text: every value that it is given is a literal that
// prints itself as safe Impala SQL, so that nothing can be injected by a quote that was
// forgotten.
package query
