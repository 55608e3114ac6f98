package hs2server

import (
	"strconv"

	"qosreport/internal/impala/wire"
)

// getInfo answers as Impala does (odbc-helper.cc); what a coordinator does not tell is an
// unsupported operation.
func (c *connection) getInfo(req *wire.GetInfoReq) wire.Message {
	session, err := c.server.session(req.Session.Handle, c)
	if err == nil {
		err = c.server.open()
	}
	if err != nil {
		return &wire.GetInfoResp{Status: status(err)}
	}
	if text, ok := c.infoText(req.Kind, session); ok {
		return &wire.GetInfoResp{Value: text, IsText: true}
	}
	if number, ok := infoNumbers[req.Kind]; ok {
		return &wire.GetInfoResp{Field: number.field, Number: number.value}
	}
	const maxStatementLen, maxRowLen = 105, 104
	for kind, name := range map[int32]string{maxStatementLen: maxStatementLength, maxRowLen: maxRowSize} {
		if kind == req.Kind {
			n, _ := strconv.ParseInt(session.options()[name], 10, 64)
			if n <= 0 && kind == maxRowLen {
				n, _ = strconv.ParseInt(lookUp(name).value, 10, 64) // there is always a limit of rows
			}
			return &wire.GetInfoResp{Field: wire.InfoLength, Number: max(n, 0)}
		}
	}
	return &wire.GetInfoResp{Status: status(unsupported()), IsText: true}
}

// infoText answers the kinds of TGetInfoType that are texts.
func (c *connection) infoText(kind int32, session *session) (string, bool) {
	const userName = 47
	switch kind {
	case wire.InfoDBMSVer:
		return c.server.opts.Version, true
	case userName:
		return session.user, true
	}
	text, ok := infoTexts[kind]
	return text, ok
}

var infoTexts = map[int32]string{
	wire.InfoServerName: "Impala", wire.InfoDBMSName: "Impala",
	2:     "Impala", // CLI_DATA_SOURCE_NAME
	14:    "\\",     // CLI_SEARCH_PATTERN_ESCAPE
	29:    "`",      // CLI_IDENTIFIER_QUOTE_CHAR
	90:    "N",      // CLI_ORDER_BY_COLUMNS_IN_SELECT
	94:    "",       // CLI_SPECIAL_CHARACTERS
	10000: "1995",   // CLI_XOPEN_CLI_YEAR
	10006: "",       // CLI_ODBC_KEYWORDS
}

// infoNumbers are the other kinds, with the field of the union that holds the value.
var infoNumbers = map[int32]struct {
	field int16
	value int64
}{
	19: {wire.InfoSmall, 1}, 20: {wire.InfoSmall, 0}, // accessible tables, procedures
	23: {wire.InfoSmall, 1}, 25: {wire.InfoSmall, 0}, 26: {wire.InfoSmall, 0}, // commit behaviour, read-only, isolation
	28: {wire.InfoSmall, 2}, // identifiers are stored in lower case
	30: {wire.InfoLength, 767},
	31: {wire.InfoLength, 128}, 32: {wire.InfoLength, 128}, 34: {wire.InfoLength, 128}, 35: {wire.InfoLength, 128}, // lengths of names
	46: {wire.InfoSmall, 0}, 72: {wire.InfoBitmask, 0}, 73: {wire.InfoSmall, 0}, // transactions, isolation options, integrity
	85: {wire.InfoSmall, 2}, // NULL sorts high
	86: {wire.InfoBitmask, 3},
	97: {wire.InfoLength, 0}, 99: {wire.InfoLength, 0}, 100: {wire.InfoLength, 0}, 101: {wire.InfoLength, 0}, 106: {wire.InfoLength, 0}, // no limits
	107: {wire.InfoLength, 128}, 115: {wire.InfoBitmask, 127}, // user names, outer joins
	10002: {wire.InfoSmall, 0}, 10005: {wire.InfoLength, 128},
}
