package sql

import (
	"slices"
	"strings"
)

// missingFunctions are those of Impala that this engine has not, sorted; missingFamilies are
// what the names of whole families begin with.
var (
	missingFunctions = strings.Fields(`
aes_decrypt aes_encrypt aggif ai_generate_text ai_generate_text_default base64decode bin bytes conv
coordinator corr covar_pop covar_samp current_session date_cmp dexp dlog1 dlog10 dpow dsqrt factorial fmod
fpow get_json_object getbit grouping grouping_id hex histogram int_months_between jw_dst jw_sim le_dst mask
mask_first_n mask_hash mask_last_n mask_show_first_n mask_show_last_n md5 murmur_hash negative parse_url pid
positive precision prettyprint_bytes prettyprint_duration rand random regexp_escape regexp_match_count
regr_count regr_intercept regr_r2 regr_slope rotateleft rotateright sample scale setbit sha1 sha2 timeofday
timestamp_cmp unix_micros_to_utc_timestamp unnest urldecode urlencode utc_to_unix_micros uuid`)
	missingFamilies = []string{"ds_", "jaro_", "max_", "min_", "st_", "utf8_"}
)

// functions is the error of the first function in an expression that is not there.
func (k *compiler) functions(e *expr) error {
	var err error
	e.any(func(e *expr) bool {
		if e.kind == callExpr && err == nil {
			err = k.function(e)
		}
		return err != nil
	})
	return err
}

func (k *compiler) function(e *expr) error {
	switch {
	case aggregateName(e.name), polymorphic(e.name) != nil, k.overloads(e.name) != nil:
		return nil
	case analyticName(e.name):
		if e.over == nil {
			return analysis("Analytic function requires an OVER clause: %s", e)
		}
		return nil
	}
	return k.unknown(e)
}

// unknown tells what Impala has and this engine has not from what nobody has, which could
// only be a function that users made.
func (k *compiler) unknown(e *expr) error {
	family := func(start string) bool { return strings.HasPrefix(e.name, start) }
	if _, found := slices.BinarySearch(missingFunctions, e.name); found || slices.ContainsFunc(missingFamilies, family) {
		return unsupported(e.name + "()")
	}
	database := k.session.Database
	return analysis("%s.%s() unknown for database %s. Currently this db has 0 functions.", database, e.name, database)
}
