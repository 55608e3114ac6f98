package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestChain(t *testing.T) {
	skew := Errorf(Security, Authentication, "clock skew too great")
	advised := Advise(fmt.Errorf("get ticket: %w", skew), "start time synchronisation")
	plain := errors.New("broken")
	tests := []struct {
		name   string
		err    error
		area   Area
		class  Class
		remedy string
		text   string
	}{
		{"a plain error is a bug of ours", plain, Internal, Unclassified, "", "broken"},
		{"the innermost area counts", New(Impala, Network, fmt.Errorf("connect: %w", advised)), Security, Authentication, "start time synchronisation", "connect: get ticket: clock skew too great"},
		{"the outermost remedy counts", Advise(advised, "look at %s", "ntp"), Security, Authentication, "look at ntp", "get ticket: clock skew too great"},
		{"joined errors speak by the first that knows", errors.Join(plain, advised), Security, Authentication, "start time synchronisation", "broken\nget ticket: clock skew too great"},
		{"an area without a class leaves the class of the cause", New(Impala, Unclassified, Errorf(0, Lost, "eof")), Impala, Lost, "", "eof"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := AreaOf(tt.err); got != tt.area {
				t.Errorf("area %d, want %d", got, tt.area)
			}
			if got := ClassOf(tt.err); got != tt.class {
				t.Errorf("class %v, want %v", got, tt.class)
			}
			if got := Remedy(tt.err); got != tt.remedy {
				t.Errorf("remedy %q, want %q", got, tt.remedy)
			}
			if got := tt.err.Error(); got != tt.text {
				t.Errorf("text %q, want %q", got, tt.text)
			}
		})
	}
}

func TestNilStaysNil(t *testing.T) {
	if New(Impala, SQL, nil) != nil || Advise(nil, "x") != nil {
		t.Error("wrapping nil gave an error")
	}
	if AreaOf(nil) != 0 || ClassOf(nil) != Unclassified || Remedy(nil) != "" {
		t.Error("nil has a meaning")
	}
}

func TestExitCodes(t *testing.T) {
	want := map[Area]int{0: 1, Internal: 1, Usage: 2, NotReady: 3, Security: 4, Impala: 5, Output: 6,
		Delivery: 7, DeliveryUnknown: 8, Busy: 9, Stopped: 10, Status: 11, 12: 1}
	for area, code := range want {
		if got := area.ExitCode(); got != code {
			t.Errorf("area %d has exit code %d, want %d", area, got, code)
		}
	}
}

func TestClassesHaveNames(t *testing.T) {
	seen := map[string]bool{"unclassified": true}
	for class := Network; class <= Refused; class++ {
		if seen[class.String()] {
			t.Errorf("class %d has no name of its own: %v", class, class)
		}
		seen[class.String()] = true
	}
	for _, class := range []Class{Unclassified, -1, Refused + 1} {
		if class.String() != "unclassified" {
			t.Errorf("class %d is called %v", class, class)
		}
	}
}

func TestOnlyPassingFailuresAreRepeated(t *testing.T) {
	want := map[Class]bool{Unclassified: false, Network: true, KDC: true, Authentication: false, Capacity: true,
		SQL: false, Lost: true, Cancelled: false, Contract: false, Render: false, Deferred: true, Refused: false}
	for class, retry := range want {
		if class.Retry() != retry {
			t.Errorf("%v.Retry() = %v, want %v", class, class.Retry(), retry)
		}
	}
}

func TestWords(t *testing.T) {
	for want, err := range map[string]error{
		"": nil, "internal": errors.New("x"), "kdc": Errorf(Security, KDC, "x"), "usage": Errorf(Usage, 0, "x"),
		"delivery unknown": Errorf(DeliveryUnknown, Refused, "x"), "status": Errorf(Status, 0, "x"), "contract": Errorf(Impala, Contract, "x"),
	} {
		if got := Word(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
	if got := Word(Errorf(Status+1, 0, "x")); got != "internal" {
		t.Errorf("an area that does not exist is %q", got)
	}
}
