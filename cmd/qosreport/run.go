package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/definition"
	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/query"
	"qosreport/internal/report"
	"qosreport/internal/store"
)

// windowFlags say which days a report covers, and with which parameters.
type windowFlags struct {
	Date  string   `group:"Report" placeholder:"DATE" help:"Report day, like 2017-09-12; default yesterday."`
	From  string   `group:"Report" placeholder:"DATE" help:"First day, in place of --date."`
	To    string   `group:"Report" placeholder:"DATE" help:"Last day, inclusive; goes with --from."`
	Param []string `group:"Report" sep:"none" placeholder:"NAME=VALUE" help:"Parameter of the report; repeat it for a list."`
	Zone  string   `group:"Report" env:"QOSREPORT_ZONE" placeholder:"ZONE" help:"IANA zone of the report days."`
}

// zoneVariable is the environment's name of --zone.
const zoneVariable = "QOSREPORT_ZONE"

// runCmd makes reports, by hand or from another scheduler.
type runCmd struct {
	Report   []string `group:"Report" placeholder:"NAME" help:"Report to make; may be repeated; default every one in configs/reports."`
	Out      string   `group:"Report" env:"QOSREPORT_OUT" placeholder:"DIR" help:"Folder of the files; default out."`
	Send     bool     `group:"Report" xor:"mail" help:"Send the mail, at most once to each recipient; needs store.path."`
	NoCache  bool     `group:"Report" name:"no-cache" help:"Ask the cluster for all days, also for those that the store remembers."`
	DryRun   bool     `group:"Report" name:"dry-run" xor:"mail" help:"Write the mail as a file, too, exactly as it would be sent."`
	Schedule string   `group:"Report" placeholder:"NAME" help:"Run a slot of this schedule, in place of what the other flags ask for, and mail as it says: for another scheduler."`
	Slot     string   `group:"Report" placeholder:"SLOT" help:"Which slot of the schedule: last, the newest; or the key of one that failed or was missed, to run it once more."`
	NoWait   bool     `group:"Report" name:"no-wait" help:"Do not wait for another process that runs the same slot; exit with 9."`
	Format   []string `group:"Report" placeholder:"FORMAT" help:"${report_formats}; may be repeated or separated by commas; default those of the report."`
	Profile  bool     `group:"Report" help:"Keep the profile of each statement that fails or takes over 10s as a text beside the files."`
	windowFlags
	fileFlags
	connectionFlags
}

// Run makes each report after the other. One whose own queries are wrong, or whose mail is
// refused, does not keep the others from being made; whatever else fails would fail for
// them, too, and ends the command.
func (r *runCmd) Run(ctx context.Context, a *app) (err error) {
	if r.Schedule != "" || r.Slot != "" || r.NoWait {
		return r.slot(ctx, a)
	}
	c, err := r.load()
	if err != nil {
		return err
	}
	r.connectionFlags.apply(c)
	setter{c}.text(&c.Out, r.Out, "out", "--out")
	r.windowFlags.apply(c)
	if err := c.Validate(); err != nil {
		return err
	}
	window, err := r.window(c, a.now())
	if err != nil {
		return fault.New(fault.Usage, 0, err)
	}
	if err := checkFormats(r.Format); err != nil {
		return err
	}
	definitions, templates, err := r.definitions(r.Report)
	if err != nil {
		return err
	}
	ledger, done, err := openStore(ctx, a, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	var book *job.Booking
	if r.Send {
		if book, err = booking(a, c, ledger); err != nil {
			return err
		}
	}
	connector := &connector{config: c, log: newLogger(a.err, c.Log), dial: a.dial, now: a.now}
	defer connector.close()
	var failures []error
	for _, d := range definitions {
		o := a.options(c, connector)
		o.Run, o.Definition, o.Templates, o.Window, o.Out, o.Formats = store.NewRunID(a.now()), d, templates, window, c.Out, r.Format
		if ledger != nil && !r.NoCache {
			o.Keeper = ledger
		}
		err := r.make(ctx, a, c, o, book)
		failures = append(failures, err)
		if err != nil && !own(err) {
			break
		}
	}
	return errors.Join(failures...)
}

// own reports whether a failure is of one report alone: its queries, its mail.
func own(err error) bool {
	class, area := fault.ClassOf(err), fault.AreaOf(err)
	return class == fault.SQL || class == fault.Contract || area == fault.Delivery || area == fault.DeliveryUnknown
}

// make makes one report as the flags say.
func (r *runCmd) make(ctx context.Context, a *app, c *config.Config, o job.Options, book *job.Booking) (err error) {
	if o.Args, err = r.args(o.Definition); err != nil {
		return err
	}
	if r.Profile {
		o.Profile = profileWriter(o, newLogger(a.err, c.Log).With("run", o.Run))
	}
	then := posting{book: book}
	if r.DryRun || r.Send {
		o.Mail = reportMail(c)
	}
	if r.DryRun {
		then.hand = func(ctx context.Context, m *deliver.Message) (string, error) { return job.WriteMail(ctx, o, m) }
	}
	if err := makeReport(ctx, a, c, o, then); err != nil {
		return fmt.Errorf("report %s: %w", o.Definition.Name, err)
	}
	return nil
}

// posting is what becomes of a report's mail; the zero value makes none.
type posting struct {
	hand func(ctx context.Context, m *deliver.Message) (place string, err error) // hands it on, and says where it lies now
	book *job.Booking                                                            // sends it by the ledger
}

// makeReport runs one job, delivers its mail if there is one, and tells what came of it.
func makeReport(ctx context.Context, a *app, c *config.Config, o job.Options, then posting) (err error) {
	log := newLogger(a.err, c.Log).With("run", o.Run)
	p := newProgress(a.err, log)
	defer func() { p.Done(err) }()
	o.Progress = p
	if then.book != nil {
		book := *then.book
		book.Logger, then.book = log, &book
	}
	started := a.now()
	outcome, sent, err := runJob(ctx, o, then.book)
	if outcome == nil {
		return err
	}
	failed := err // of some recipients; the files are there
	if then.hand != nil {
		p.Phase("mail")
		place, err := then.hand(ctx, outcome.Message)
		if err != nil {
			return err
		}
		outcome.Files = append(outcome.Files, place)
	}
	p.Done(failed)
	a.tell(outcome, sent)
	fmt.Fprintf(a.out, "  %s %s, %.1f s\n", o.Definition.Name, o.Window.Text(), a.now().Sub(started).Seconds())
	return failed
}

// tell prints what came of a report: the verdict, the files, and who got the mail.
func (a *app) tell(outcome *job.Outcome, sent []job.Sent) {
	if word := outcome.Verdict.Word; outcome.Verdict.Judged() {
		fmt.Fprintf(a.out, "%s%s: %s\n", strings.ToUpper(word[:1]), word[1:], outcome.Verdict.Sentence)
	} else {
		fmt.Fprintln(a.out, "Done.")
	}
	for _, reason := range outcome.Verdict.Incomplete {
		fmt.Fprintf(a.out, "Data incomplete: %s\n", query.Printable(reason))
	}
	for _, path := range outcome.Files {
		fmt.Fprintf(a.out, "  %s\n", path)
	}
	printSent(a, sent)
}

// runJob makes the report, with a booking one whose mail is sent.
func runJob(ctx context.Context, o job.Options, book *job.Booking) (*job.Outcome, []job.Sent, error) {
	if book == nil {
		outcome, err := job.Run(ctx, o)
		return outcome, nil, err
	}
	return job.RunAndSend(ctx, o, *book)
}

// instance is the installation's name, by default that of the host.
func instance(c *config.Config) string {
	if c.Instance != "" {
		return c.Instance
	}
	host, err := os.Hostname()
	if err != nil {
		return ""
	}
	return host
}

func (r *windowFlags) apply(c *config.Config) { setter{c}.text(&c.Zone, r.Zone, "zone", "--zone") }

// args are the parameters of a report.
func (r *windowFlags) args(d *definition.Definition) (definition.Args, error) {
	given, err := params(r.Param)
	if err != nil {
		return definition.Args{}, err
	}
	return d.Args(given)
}

// window is the days that were asked for. A day that has not ended is not refused, but
// one that has not begun is.
func (r *windowFlags) window(c *config.Config, now time.Time) (report.Window, error) {
	zone, err := c.Location()
	if err != nil {
		return report.Window{}, err
	}
	if r.Date != "" && (r.From != "" || r.To != "") || (r.From == "") != (r.To == "") {
		return report.Window{}, fault.Advise(fmt.Errorf("--date, or --from with --to, say which days"), "qosreport --date 2017-09-12")
	}
	from, to := r.From, r.To
	if r.Date != "" {
		from, to = r.Date, r.Date
	}
	if from == "" {
		// The day before, as a date: an instant a day ago can be two dates back where clocks
		// jump over midnight.
		year, month, day := now.In(zone).Date()
		from = time.Date(year, month, day-1, 0, 0, 0, 0, time.UTC).Format(query.DateLayout)
		to = from
	}
	first, err := query.ParseDate(from)
	if err != nil {
		return report.Window{}, err
	}
	last, err := query.ParseDate(to)
	if err != nil {
		return report.Window{}, err
	}
	if time.Time(last).Before(time.Time(first)) {
		return report.Window{}, fmt.Errorf("--to %s is before --from %s", to, from)
	}
	window := report.Day(time.Time(first), time.Time(last), zone)
	if start := report.Day(time.Time(last), time.Time(last), zone).From; start.After(now) {
		return report.Window{}, fault.Advise(fmt.Errorf("%s lies in the future: in %s it is %s", to, zone, now.In(zone).Format("2006-01-02 15:04")),
			"ask for a day that has begun; see whether this host's clock and zone are right")
	}
	return window, nil
}

func (f *fileFlags) templates() (*query.Templates, error) {
	const dir = "queries"
	if _, err := fs.Stat(f.files(), dir); err != nil {
		return nil, fault.Advise(fault.New(fault.Usage, 0, fmt.Errorf("load queries: %s: %w", f.files().Show(dir), cause(err))),
			"the folder of --config-dir must hold configs/ and %s/", dir)
	}
	templates, err := query.LoadTemplates(f.files(), dir)
	return templates, fault.New(fault.Usage, 0, err)
}

// cause is why a file could not be read, without the name that it has in its tree.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

const reportsDir = "configs/reports"

// definitions loads the reports that were named, or all. The mistakes of all of them are
// told at once.
func (f *fileFlags) definitions(names []string) ([]*definition.Definition, *query.Templates, error) {
	templates, err := f.templates()
	if err != nil {
		return nil, nil, err
	}
	if len(names) == 0 {
		if names, err = definition.Names(f.files(), reportsDir); err != nil {
			return nil, nil, err
		}
	}
	var all []*definition.Definition
	var mistakes []error
	for _, name := range names {
		d, err := definition.Load(f.files(), reportsDir, name, templates)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		all = append(all, d)
	}
	if len(names) == 0 {
		return nil, nil, fault.Advise(fault.Errorf(fault.Usage, 0, "there is no report in %s", reportsDir), "see --config-dir")
	}
	return all, templates, errors.Join(mistakes...)
}

// params gathers name=value pairs; a repeated name makes a list.
func params(pairs []string) (map[string][]string, error) {
	given := make(map[string][]string)
	for _, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return nil, fault.Errorf(fault.Usage, 0, "--param %q: write NAME=VALUE", pair)
		}
		given[name] = append(given[name], value)
	}
	return given, nil
}

func checkFormats(names []string) error {
	for i, name := range names {
		known := false
		for _, f := range job.Formats {
			known = known || f == name
		}
		for _, other := range names[:i] {
			known = known && other != name
		}
		if !known {
			return fault.Errorf(fault.Usage, 0, "--format %s: write each of %s at most once", name, strings.Join(job.Formats, ", "))
		}
	}
	return nil
}
