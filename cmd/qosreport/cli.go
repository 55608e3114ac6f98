package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"qosreport"
	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/query"
)

const description = `Quality-of-service reports from a Kerberized Apache Impala: keytab in, workbook and page out.

Exit codes: 0 done, or nothing to do · 1 internal error · 2 usage or configuration · 4 Kerberos or TLS · 5 Impala · 6 rendering, disk or store · 7 mail refused or deferred · 8 nobody knows whether mail was taken · 9 another run holds the slot · 10 stopped by a signal · 11 status: something is not as it should be`

// commands is the command line. Flags beat the environment, which beats the file.
type commands struct {
	Run      runCmd      `cmd:"" default:"withargs" help:"Make reports (the default command)."`
	Demo     demoCmd     `cmd:"" help:"Run the main job on a cluster inside the process."`
	Query    queryCmd    `cmd:"" help:"Run statements and print their rows."`
	SQL      sqlCmd      `cmd:"" name:"sql" help:"Print the statements of a report."`
	Explain  explainCmd  `cmd:"" help:"Show how the cluster would run a report; refuse scans of whole tables."`
	Serve    serveCmd    `cmd:"" help:"Run reports on their schedules, and show how they do."`
	Next     nextCmd     `cmd:"" help:"Show when schedules are due."`
	Status   statusCmd   `cmd:"" help:"Show the schedules at a glance; fail when something is not as it should be."`
	Why      whyCmd      `cmd:"" help:"Tell how a slot came to what it is, and what can be done."`
	History  historyCmd  `cmd:"" help:"List who ran, sent, resolved or missed what, and when."`
	Resolve  resolveCmd  `cmd:"" help:"End a delivery of which nobody knows whether it was taken."`
	Keytab   keytabCmd   `cmd:"" help:"Make, list and check keytabs."`
	Klist    klistCmd    `cmd:"" help:"List the tickets of a credential cache."`
	Validate validateCmd `cmd:"" help:"Find every mistake of configuration, reports and queries."`
	Version  versionCmd  `cmd:"" help:"Print version and build."`
}

// app is what every command stands on.
type app struct {
	now   func() time.Time
	built time.Time       // of the program; zero when that is not known
	dial  dialer          // reaches KDC, coordinator and mail server
	over  <-chan struct{} // closed when mail on its way may take no more time after a stop; nil never is
	// hangUps gives SIGHUP from now on; nil gives none.
	hangUps func() (signals <-chan os.Signal, stop func())
	nohup   bool // SIGHUP was ignored when the process began
	stdio
}

// errHelpShown ends the parsing after --help without being a failure.
var errHelpShown = errors.New("help was shown")

// run runs the command line with the clock and the network of this host.
func run(ctx context.Context, args []string, std stdio) error {
	return (&app{now: time.Now, built: built(), stdio: std}).run(ctx, args)
}

// run parses args and runs the command that they name.
func (a *app) run(ctx context.Context, args []string) error {
	for _, arg := range args {
		// The parser would replace the bytes, and the run would be of another value.
		if !utf8.ValidString(arg) {
			return fault.Advise(fault.Errorf(fault.Usage, 0, "argument %q is not valid UTF-8", arg), "write it in UTF-8; see whether the terminal's locale is UTF-8")
		}
	}
	var cli commands
	exited := false
	parser, err := kong.New(&cli,
		kong.Name("qosreport"),
		kong.Description(description),
		kong.UsageOnError(),
		kong.Writers(a.out, a.err),
		kong.Exit(func(int) { exited = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.Vars{"formats": strings.Join(query.Formats, ", "), "report_formats": strings.Join(job.Formats, ", ")},
	)
	if err != nil {
		return err
	}
	selected, err := parser.Parse(args)
	if exited {
		return errHelpShown
	}
	if err != nil {
		return usageError(err)
	}
	if selected.Command() != "serve" { // which reads its files again
		var stop func()
		ctx, stop = a.untilHangUp(ctx)
		defer stop()
	}
	selected.BindTo(ctx, (*context.Context)(nil))
	err = selected.Run(a)
	if area := fault.AreaOf(err); err != nil && ctx.Err() != nil && area != fault.Stopped && area != fault.DeliveryUnknown {
		// Whatever broke when the run was stopped, broke because of that. Mail of which nobody
		// knows counts more: a person has to look after it.
		err = fmt.Errorf("%w (%v)", context.Cause(ctx), err)
	}
	return err
}

func usageError(err error) error {
	err = fault.New(fault.Usage, 0, err)
	switch text := err.Error(); {
	case strings.HasPrefix(text, "unexpected argument"):
		return fault.Advise(err, "qosreport --help lists the commands; a statement is one argument: put it in quotes")
	case strings.HasPrefix(text, "unknown flag --") && strings.Contains(text, " "):
		return fault.Advise(err, "qosreport COMMAND --help lists the flags; a statement that begins with -- goes after a lone --")
	}
	return err
}

// fileFlags say where configuration, reports and queries come from.
type fileFlags struct {
	ConfigDir string `name:"config-dir" env:"QOSREPORT_CONFIG_DIR" placeholder:"DIR" help:"Folder with configs/ and queries/ in place of the embedded ones."`
	LogLevel  string `name:"log-level" env:"QOSREPORT_LOG_LEVEL" enum:"debug,info,warn,error," default:"" placeholder:"LEVEL" help:"debug, info, warn or error."`
	LogFormat string `name:"log-format" env:"QOSREPORT_LOG_FORMAT" enum:"auto,text,json," default:"" placeholder:"FORMAT" help:"auto, text or json; auto is text on a terminal."`
}

// files is the embedded tree, or the folder of --config-dir. The working directory is
// never read by itself.
func (f *fileFlags) files() shown {
	if f.ConfigDir == "" {
		return shown{qosreport.Files, "embedded "}
	}
	return shown{os.DirFS(f.ConfigDir), filepath.Clean(f.ConfigDir) + "/"}
}

// shown is a tree whose files errors call by their whole name.
type shown struct {
	fs.FS
	prefix string
}

// Show is the name for people.
func (s shown) Show(name string) string { return s.prefix + name }

// load reads the configuration and applies the flags.
func (f *fileFlags) load() (*config.Config, error) {
	c, err := config.Load(f.files(), "configs/qosreport.yaml")
	if err != nil {
		return nil, err
	}
	c.Log.Level = cmp.Or(f.LogLevel, c.Log.Level)
	c.Log.Format = cmp.Or(f.LogFormat, c.Log.Format)
	return c, nil
}
