//go:build !linux

package store

// checkFileSystem leaves it to SQLite to find out whether there can be a write-ahead log.
func checkFileSystem(string) error { return nil }
