package store

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// identity tells where the number of a process means something, and when it started.
func identity(pid int) (boot, space, start string) {
	if id, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		boot = strings.TrimSpace(string(id))
	}
	if link, err := os.Readlink("/proc/self/ns/pid"); err == nil {
		space = link
	}
	_, start = processStat(pid)
	return boot, space, start
}

// processGone asks with a signal that is none first: a /proc that hides the processes of
// other users looks as if there were none.
func processGone(pid int, start string) bool {
	if pid <= 0 {
		return false
	}
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return true
	}
	state, found := processStat(pid)
	switch {
	case found == "":
		return false
	case state == "Z" || state == "X": // it waits for its parent to ask how it ended
		return true
	}
	return found != start
}

// processStat is the state and the start time, in clock ticks since the machine started,
// of a process (proc_pid_stat(5), fields 3 and 22).
func processStat(pid int) (state, start string) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", ""
	}
	// Field 2, the name in brackets, may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const first, startField = 3, 22
	if len(fields) <= startField-first {
		return "", ""
	}
	return fields[0], fields[startField-first]
}
