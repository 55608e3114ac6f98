package main

import (
	"maps"
	"strings"
	"testing"

	"qosreport/internal/config"
	"qosreport/internal/fault"
)

func TestFlagsReplaceQueryOptionsOfTheFileInEitherCase(t *testing.T) {
	c := config.Default()
	file := map[string]string{"MEM_LIMIT": "8g", "REQUEST_POOL": "reports"}
	c.Impala.Options = file
	flags := connectionFlags{ImpalaOption: map[string]string{"mem_limit": "9g"}}
	flags.apply(c)
	if want := map[string]string{"mem_limit": "9g", "REQUEST_POOL": "reports"}; !maps.Equal(c.Impala.Options, want) {
		t.Errorf("got %v", c.Impala.Options)
	}
	if file["MEM_LIMIT"] != "8g" || len(file) != 2 {
		t.Errorf("the file's options became %v", file)
	}
}

func TestAMistakeInAQueryOptionNamesItsFlag(t *testing.T) {
	c := config.Default()
	c.Impala.Hosts = []string{"h:21050"}
	flags := connectionFlags{ImpalaOption: map[string]string{"EXEC_TIME_LIMIT_S": "25m"}}
	flags.apply(c)
	err := c.Validate()
	if err == nil || fault.AreaOf(err) != fault.Usage ||
		!strings.Contains(err.Error(), `--impala-option: impala.options.EXEC_TIME_LIMIT_S is "25m": write the seconds as a whole number: 1500`) {
		t.Errorf("got %v", err)
	}
}
