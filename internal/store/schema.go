package store

// schema1 is version 1. Times are milliseconds since 1970 in UTC. Columns that hold a word
// hold one of the constants of its type in Go; a NULL time has not come yet.
const schema1 = `
CREATE TABLE schedule_state (
	schedule        TEXT PRIMARY KEY CHECK (schedule <> ''),
	expression_hash TEXT NOT NULL,
	effective_from  INTEGER NOT NULL,
	considered      INTEGER NOT NULL,
	suspended_since INTEGER
) STRICT;

CREATE TABLE slot (
	key         TEXT PRIMARY KEY CHECK (key <> ''),
	schedule    TEXT NOT NULL,
	nominal     TEXT NOT NULL,
	fire        INTEGER NOT NULL,
	start_by    INTEGER NOT NULL,
	window_from INTEGER NOT NULL,
	window_to   INTEGER NOT NULL,
	window_zone TEXT NOT NULL,
	outcome     TEXT NOT NULL CHECK (outcome IN ('due', 'waiting', 'running', 'done', 'skipped',
		'superseded', 'suspended', 'missed', 'failed', 'abandoned')),
	reason      TEXT NOT NULL,
	run         TEXT REFERENCES run (id) ON DELETE SET NULL,
	changed     INTEGER NOT NULL,
	CHECK (window_from < window_to),
	CHECK (outcome <> 'running' OR run IS NOT NULL),
	CHECK (outcome IN ('due', 'waiting', 'running', 'done') OR reason <> '')
) STRICT;
CREATE INDEX slot_by_schedule ON slot (schedule, fire);
CREATE INDEX slot_by_run ON slot (run);
CREATE INDEX slot_by_outcome ON slot (outcome, fire);

CREATE TABLE run (
	id          TEXT PRIMARY KEY CHECK (id <> ''),
	kind        TEXT NOT NULL CHECK (kind IN ('slot', 'ad hoc', 'backfill', 'by hand')),
	slot        TEXT REFERENCES slot (key) ON DELETE SET NULL,
	schedule    TEXT NOT NULL,
	variant     TEXT NOT NULL CHECK (variant <> ''),
	window_from INTEGER NOT NULL,
	window_to   INTEGER NOT NULL,
	window_zone TEXT NOT NULL,
	actor       TEXT NOT NULL,
	owner       TEXT NOT NULL,
	lease_until INTEGER NOT NULL,
	state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'skipped', 'failed', 'interrupted', 'abandoned')),
	reason      TEXT NOT NULL,
	verdict     TEXT NOT NULL DEFAULT '',
	figures     TEXT NOT NULL DEFAULT '',
	revision    INTEGER NOT NULL DEFAULT 0, -- of the mail that was planned; 0 is none
	config_hash TEXT NOT NULL,
	program     TEXT NOT NULL,
	started     INTEGER NOT NULL,
	ended       INTEGER,
	CHECK (window_from < window_to),
	CHECK ((state = 'running') = (ended IS NULL))
) STRICT;
CREATE INDEX run_by_slot ON run (slot);
CREATE INDEX run_by_window ON run (variant, window_from, window_to);
CREATE INDEX run_by_start ON run (started);
CREATE INDEX run_running ON run (schedule) WHERE state = 'running';

CREATE TABLE attempt (
	run     TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	number  INTEGER NOT NULL CHECK (number > 0),
	started INTEGER NOT NULL,
	ended   INTEGER,
	result  TEXT NOT NULL CHECK (result IN ('running', 'done', 'failed', 'interrupted', 'abandoned')),
	phase   TEXT NOT NULL DEFAULT '',
	class   TEXT NOT NULL DEFAULT '',
	error   TEXT NOT NULL DEFAULT '',
	queries TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(queries)),
	rows    INTEGER NOT NULL DEFAULT 0,
	bytes   INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (run, number),
	CHECK ((result = 'running') = (ended IS NULL))
) STRICT;
CREATE UNIQUE INDEX attempt_running ON attempt (run) WHERE result = 'running';

CREATE TABLE artefact (
	run    TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	name   TEXT NOT NULL CHECK (name <> ''),
	path   TEXT NOT NULL,
	sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
	bytes  INTEGER NOT NULL,
	PRIMARY KEY (run, name)
) STRICT;

-- Addresses that differ in case only are one recipient. Runs are forgotten before
-- deliveries are, so the run is no reference.
CREATE TABLE delivery (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	variant     TEXT NOT NULL CHECK (variant <> ''),
	window_from INTEGER NOT NULL,
	window_to   INTEGER NOT NULL,
	window_zone TEXT NOT NULL,
	revision    INTEGER NOT NULL CHECK (revision > 0),
	recipient   TEXT NOT NULL COLLATE NOCASE CHECK (recipient <> ''),
	state       TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'refused', 'unknown')),
	message_id  TEXT NOT NULL,
	reason      TEXT NOT NULL,
	code        INTEGER NOT NULL DEFAULT 0,
	answer      TEXT NOT NULL DEFAULT '',
	run         TEXT NOT NULL,
	created     INTEGER NOT NULL,
	changed     INTEGER NOT NULL,
	UNIQUE (variant, window_from, window_to, revision, recipient)
) STRICT;
CREATE INDEX delivery_by_run ON delivery (run);
CREATE INDEX delivery_by_state ON delivery (state, changed);

CREATE TABLE day_state (
	report     TEXT NOT NULL,
	dataset    TEXT NOT NULL,
	definition TEXT NOT NULL,
	params     TEXT NOT NULL,
	source     TEXT NOT NULL,
	zone       TEXT NOT NULL,
	day        TEXT NOT NULL CHECK (length(day) = 10),
	version    INTEGER NOT NULL,
	sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
	rows       INTEGER NOT NULL,
	fetched    INTEGER NOT NULL,
	query_id   TEXT NOT NULL,
	blob       BLOB NOT NULL,
	PRIMARY KEY (report, dataset, definition, params, source, zone, day)
) STRICT;
CREATE INDEX day_state_by_fetch ON day_state (fetched);

CREATE TABLE meta (
	owner    TEXT PRIMARY KEY CHECK (owner <> ''),
	instance TEXT NOT NULL,
	program  TEXT NOT NULL,
	started  INTEGER NOT NULL,
	beat     INTEGER NOT NULL
) STRICT;

-- What happened to whom, by whom. Nothing refers to it, and it refers to nothing by key.
CREATE TABLE event (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	at         INTEGER NOT NULL,
	actor      TEXT NOT NULL,
	action     TEXT NOT NULL CHECK (action <> ''),
	schedule   TEXT NOT NULL,
	slot       TEXT NOT NULL,
	run        TEXT NOT NULL,
	delivery   INTEGER NOT NULL, -- 0 is none
	from_state TEXT NOT NULL,
	to_state   TEXT NOT NULL,
	reason     TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_slot ON event (slot) WHERE slot <> '';
CREATE INDEX event_by_run ON event (run) WHERE run <> '';
CREATE INDEX event_by_time ON event (at);
`

// schema2 makes version 2 of version 1.
const schema2 = `
-- What the owner of a schedule knows of one class of its failures.
CREATE TABLE notice (
	schedule TEXT NOT NULL CHECK (schedule <> ''),
	class    TEXT NOT NULL CHECK (class <> ''),
	since    INTEGER, -- first failure since the last success; NULL is none
	last     INTEGER NOT NULL, -- failure
	slot     TEXT NOT NULL, -- of the last failure
	run      TEXT NOT NULL,
	error    TEXT NOT NULL,
	untold   INTEGER NOT NULL, -- failures since the last notice
	tried    INTEGER, -- when a notice was last begun
	told     INTEGER, -- when a notice was last sent
	recovery INTEGER NOT NULL, -- 1: the recovery is to be told too
	PRIMARY KEY (schedule, class)
) STRICT;
`
