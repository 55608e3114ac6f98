package store

import (
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Owner is one process. Processes of one number are told apart by when they started, and
// numbers mean something only where they were given: within a namespace of process
// numbers, as containers have them, between two starts of a machine.
type Owner struct {
	Host  string // its name
	Boot  string // one start of the machine; "" is not known
	Space string // namespace of process numbers; "" is not known
	PID   int
	Start string // of the process, in the kernel's words; "" is not known
	Nonce string // makes owners differ in any case
}

// Self is this process as an owner. Every call makes another owner.
func Self() Owner {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	o := Owner{Host: host, PID: os.Getpid(), Nonce: rand.Text()[:10]}
	o.Boot, o.Space, o.Start = identity(o.PID)
	return o
}

// String is the owner as the ledger keeps it, which [ParseOwner] reads.
func (o Owner) String() string {
	parts := []string{o.Host, o.Boot, o.Space, strconv.Itoa(o.PID), o.Start, o.Nonce}
	for i, p := range parts {
		parts[i] = strings.NewReplacer(" ", "_", "/", "_").Replace(p)
	}
	return strings.Join(parts, "/")
}

// ParseOwner reads what [Owner.String] wrote.
func ParseOwner(text string) (Owner, error) {
	parts := strings.Split(text, "/")
	if len(parts) != 6 {
		return Owner{}, fmt.Errorf("owner %.100q: six parts are due", text)
	}
	pid, err := strconv.Atoi(parts[3])
	if err != nil || pid < 0 {
		return Owner{}, fmt.Errorf("owner %.100q: %.20q is no process number", text, parts[3])
	}
	return Owner{parts[0], parts[1], parts[2], pid, parts[4], parts[5]}, nil
}

// Gone reports whether the process of another owner has surely ended, as seen from o. A
// process on another host, or in a container beside this one, cannot be judged: its lease
// decides.
func (o Owner) Gone(other Owner) bool {
	switch {
	case other.Host != o.Host:
		return false
	case other.Boot != "" && o.Boot != "" && other.Boot != o.Boot:
		return true // the machine has started again since
	case other.Boot != o.Boot, other.Space != o.Space, other.Space == "", other.Start == "":
		return false
	}
	return processGone(other.PID, other.Start)
}

// NewRunID makes an id for a run. Ids sort by the time of their making, and two never
// are the same.
func NewRunID(now time.Time) string {
	return now.UTC().Format("20060102T150405.000Z") + "-" + strings.ToLower(rand.Text()[:10])
}
