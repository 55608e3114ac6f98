package config

import (
	"fmt"
	"io/fs"

	"qosreport/internal/fault"
	"qosreport/internal/yamlfile"
)

// Load reads the file name in fsys and fills in the defaults. It does not validate:
// flags may still change what the file says.
func Load(fsys fs.FS, name string) (*Config, error) {
	file, err := yamlfile.Read(fsys, name)
	if err != nil {
		return nil, fault.Advise(fault.New(fault.Usage, 0, fmt.Errorf("read configuration: %w", err)),
			"the folder of --config-dir must hold configs/qosreport.yaml; the embedded one shows every key")
	}
	c := Default()
	if err := file.Decode(c); err != nil {
		return nil, fault.Advise(fault.New(fault.Usage, 0, fmt.Errorf("read configuration: %w", err)), "the embedded configs/qosreport.yaml shows every key")
	}
	c.file = file
	return c, nil
}

// SHA256 is the hexadecimal hash of the file, "" without one.
func (c *Config) SHA256() string {
	if c.file == nil {
		return ""
	}
	return c.file.SHA256()
}

// Place is "file:line:column: " of the value of a key like schedules.daily.report.
func (c *Config) Place(key string) string { return c.file.Place(key) }
