//go:build race

package main

// virtualHours are how long serve is watched. The race detector makes each step of the
// ledger take ten times as long.
const virtualHours = 14
