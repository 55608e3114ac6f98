package yamlfile

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Texts reads a plain value, or a list of such, as texts.
func Texts(data []byte) ([]string, error) {
	var value any
	if err := yaml.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	texts := make([]string, len(list))
	for i, item := range list {
		switch item.(type) {
		case string, bool, int64, uint64, float64:
			texts[i] = fmt.Sprint(item)
		default:
			return nil, fmt.Errorf("no plain value, nor a list of such")
		}
	}
	return texts, nil
}
