package impala

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
)

// refuseFrom answers 401 to a method and to all that comes after it.
func refuseFrom(method string) func(int, string, http.ResponseWriter, *http.Request) bool {
	refused := false
	return func(_ int, called string, out http.ResponseWriter, _ *http.Request) bool {
		if refused = refused || called == method; refused {
			out.WriteHeader(http.StatusUnauthorized)
		}
		return refused
	}
}

// A password that was changed under a run is shown once, whatever is left to be closed:
// failures lock accounts.
func TestAPasswordThatIsRefusedLaterIsShownOnce(t *testing.T) {
	for _, method := range []string{"ExecuteStatement", "GetOperationStatus", "FetchResults", "GetLog", "CloseImpalaOperation", "CloseSession"} {
		t.Run(method, func(t *testing.T) {
			w := startWeb(t, hs2server.Options{Engine: &script{columns: twoColumns, polls: 1, steps: []step{{rows: 1}}}, QueryOptions: map[string]string{"HTTP_ADDR": "h:25000"}})
			w.answer = refuseFrom(method)
			o := w.options(func(context.Context, string) (Authorization, error) { return NewBasic("report", "geheim") })
			client, err := Connect(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := client.Query(t.Context(), "SELECT")
			if err == nil {
				_, err = readAll(t, t.Context(), rows)
				_ = rows.Close(t.Context())
			}
			_ = client.Close(t.Context())
			if late := strings.HasPrefix(method, "Close") || method == "GetLog"; !late && fault.ClassOf(err) != fault.Authentication {
				t.Errorf("got %v", err)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			for i, asked := range w.asked {
				if asked.method == method && i != len(w.asked)-1 {
					t.Errorf("%d requests with the password that was refused", len(w.asked)-i)
					break
				}
			}
		})
	}
}

// The server's cookie may be good for longer than the token that it was given for.
func TestACookieOutlivesItsToken(t *testing.T) {
	expired := errors.New("the token has expired")
	for _, tt := range []struct {
		name   string
		cookie bool
		refuse string // method from which on the cookie is refused
		works  bool
	}{{"with a cookie", true, "", true}, {"without one", false, "", false}, {"the cookie is refused later", true, "GetOperationStatus", false}} {
		t.Run(tt.name, func(t *testing.T) {
			w := startWeb(t, hs2server.Options{Engine: &script{columns: twoColumns, polls: 1, steps: []step{{rows: 1}}}})
			refuse := refuseFrom(tt.refuse)
			w.answer = func(n int, method string, out http.ResponseWriter, r *http.Request) bool {
				if tt.cookie && r.Header.Get("Authorization") != "" {
					out.Header().Set("Set-Cookie", "impala.auth=1")
				}
				return refuse(n, method, out, r)
			}
			logins := 0
			client, err := Connect(t.Context(), w.options(func(context.Context, string) (Authorization, error) {
				if logins++; logins > 1 {
					return nil, expired
				}
				return NewBearer("a.b.c"), nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close(t.Context())
			_, err = client.Query(t.Context(), "SELECT")
			if (err == nil) != tt.works || err != nil && !errors.Is(err, expired) {
				t.Errorf("got %v", err)
			}
		})
	}
}
