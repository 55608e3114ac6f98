//go:build peers

package peers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// browser is a running Chromium that is spoken to in the DevTools protocol over a pair of
// pipes: messages of JSON, each ended by a zero byte.
type browser struct {
	to      io.Writer
	from    *bufio.Reader
	session string
	last    int
	events  []event // in the order of their arrival
}

// event is what the browser tells of itself.
type event struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// startBrowser opens an empty page and listens to all that it says.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir())
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // descriptors 3 and 4, as the option demands
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	limit := time.AfterFunc(5*time.Minute, func() { ourIn.Close() })
	b := &browser{to: ourOut, from: bufio.NewReaderSize(ourIn, 1<<20)}
	t.Cleanup(func() {
		limit.Stop()
		b.session = ""
		b.call("Browser.close", nil, nil)
		ourOut.Close()
		ourIn.Close()
		// Debian's program is a script that starts the browser beside itself.
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	var target struct {
		TargetID string `json:"targetId"`
	}
	b.must(t, "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		SessionID string `json:"sessionId"`
	}
	b.must(t, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.must(t, domain+".enable", nil, nil)
	}
	return b
}

func (b *browser) must(t *testing.T, method string, params map[string]any, result any) {
	t.Helper()
	if err := b.call(method, params, result); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// call waits for the answer of a method and keeps the events that come before it.
func (b *browser) call(method string, params map[string]any, result any) error {
	b.last++
	message := map[string]any{"id": b.last, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	raw, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if _, err := b.to.Write(append(raw, 0)); err != nil {
		return err
	}
	for {
		id, answer, err := b.read()
		if err != nil {
			return err
		}
		if id != b.last {
			continue
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(answer, result)
	}
}

// read takes one message: an answer with its number, or an event, which has none.
func (b *browser) read() (id int, result json.RawMessage, err error) {
	raw, err := b.from.ReadBytes(0)
	if err != nil {
		return 0, nil, err
	}
	var message struct {
		event
		ID     int             `json:"id"`
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(raw[:len(raw)-1], &message); err != nil {
		return 0, nil, err
	}
	if message.Error != nil {
		return message.ID, nil, fmt.Errorf("%s", message.Error.Message)
	}
	if message.ID == 0 {
		b.events = append(b.events, message.event)
	}
	return message.ID, message.Result, nil
}

// open loads an address and waits until it is drawn.
func (b *browser) open(t *testing.T, url string) {
	t.Helper()
	b.events = nil
	b.must(t, "Page.navigate", map[string]any{"url": url}, nil)
	for seen := 0; ; {
		for ; seen < len(b.events); seen++ {
			if b.events[seen].Method == "Page.loadEventFired" {
				return
			}
		}
		if _, _, err := b.read(); err != nil {
			t.Fatalf("load %s: %v", url, err)
		}
	}
}

// evaluate runs an expression in the page and waits for what it promises.
func (b *browser) evaluate(t *testing.T, expression string, result any) {
	t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails json.RawMessage `json:"exceptionDetails"`
	}
	b.must(t, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		t.Fatalf("%.60s: %s", expression, answer.ExceptionDetails)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(answer.Result.Value, result); err != nil {
		t.Fatalf("%.60s: %v in %s", expression, err, answer.Result.Value)
	}
}
