//go:build !race

package main

// virtualHours are how long serve is watched.
const virtualHours = 72
