//! The command line: reads arguments, runs one command, prints, and ends with a status that means something.

mod args;
mod campaign;
mod commands;
mod detector;
mod diff;
mod explorer;
mod failures;
mod folder;
mod keep;
mod learn;
mod map;
mod save;
mod seen;
mod sim;
mod tune;
mod watch;

use std::{
    io::{IsTerminal, Write},
    panic,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use clap::Parser;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use self::args::{Arguments, Color, Command};
use crate::{
    app::{App, Options},
    design::BadInput,
    report::Look,
    timed::Crew,
    verdict::Status,
};

/// What a command has to say.
#[derive(Default)]
struct Output {
    /// For people or programs that read the result.
    text: String,
    /// For people beside it.
    aside: String,
    status: Status,
}

/// How a command is to work and to look.
struct Manner {
    options: Options,
    look: Look,
    json: bool,
    verbose: bool,
    /// Whether the result goes to a terminal.
    terminal: bool,
}

pub(crate) fn main(app: &App) -> ExitCode {
    panic::set_hook(Box::new(report_panic));
    ExitCode::from(guarded(|| run(app)).code())
}

/// A panic anywhere is a defect of this program, and a status of its own.
fn guarded(run: impl FnOnce() -> Status) -> Status {
    panic::catch_unwind(panic::AssertUnwindSafe(run)).unwrap_or(Status::InternalError)
}

fn run(app: &App) -> Status {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe is no reason to fail.
            let _ = error.print();
            return if error.use_stderr() { Status::BadInput } else { Status::AsExpected };
        }
    };
    let manner = manner(&arguments);
    if arguments.verbose {
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr).without_time();
        log.with_max_level(tracing::Level::DEBUG).init();
    }
    stop_on_ctrl_c(&manner);
    // These end with Ctrl-C, and in no other way.
    let watches = matches!(arguments.command, Some(Command::Check { watch: true, .. } | Command::Explorer(_)));
    let progress = if watches { ProgressBar::hidden() } else { progress(&manner) };
    let output = in_pool(&arguments, || execute(app, &arguments, &manner));
    progress.finish_and_clear();
    let mut output = output.unwrap_or_else(|refusal| Output {
        aside: refusal.render(manner.look.color, manner.look.width),
        status: Status::BadInput,
        ..Output::default()
    });
    if manner.options.meter.is_stopped() && !watches && output.status < Status::BadInput {
        output.aside.push_str("interrupted: this is what is known\n");
        output.status = Status::Inconclusive;
    }
    if let Err(error) = print(&output.text) {
        output.aside.push_str(&format!("what was found out cannot be written: {error}\n"));
        output.status = Status::InternalError;
    }
    let _ = std::io::stderr().write_all(output.aside.as_bytes());
    output.status
}

/// Whoever closed the pipe does not want the rest. A disk that is full is another thing.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

fn execute(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output, Box<BadInput>> {
    match &arguments.command {
        None => commands::review(app, &args::Review::default(), manner),
        Some(Command::Review(arguments)) => commands::review(app, arguments, &asking_why(manner, arguments.why)),
        Some(Command::Check { file, assignments, property, why, full, watch }) => {
            let manner = asking_why(manner, *why);
            let check = || commands::check(app, file, assignments, property.as_deref(), *full, &manner);
            if *watch { Ok(watch::watch(file, &manner, check)) } else { check() }
        }
        Some(Command::Replay { trace, design, full, format }) => {
            commands::replay(app, trace, design.as_deref(), *full, *format, manner)
        }
        Some(Command::Keep(arguments)) => keep::keep(app, arguments),
        Some(Command::Campaign(arguments)) => campaign::campaign(app, arguments, manner),
        Some(Command::Sim(arguments)) => sim::sim(app, arguments, manner),
        Some(Command::Map(arguments)) => map::run(app, arguments, manner),
        Some(Command::Tune(arguments)) => tune::run(app, arguments, manner),
        Some(Command::Detector(arguments)) => detector::run(app, arguments, manner),
        Some(Command::Diff(arguments)) => diff::run(app, arguments, manner),
        Some(Command::Explorer(arguments)) => explorer::run(app, arguments, manner),
        Some(Command::New { protocol }) => learn::new(app, protocol),
        Some(Command::Failures(arguments)) => failures::run(app, arguments, manner),
        Some(Command::Explain { property }) => learn::explain(app, property, manner),
        Some(Command::List { requirements }) => commands::list(app, *requirements, manner),
    }
}

fn asking_why(manner: &Manner, why: bool) -> Manner {
    Manner { options: Options { why, ..manner.options.clone() }, ..*manner }
}

fn manner(arguments: &Arguments) -> Manner {
    let terminal = std::io::stdout().is_terminal();
    let color = match arguments.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    let width = if terminal { terminal_width().clamp(60, 200) } else { 120 };
    let micros = u64::try_from(arguments.budget.micros()).expect("a span is never negative");
    let budget = (!arguments.budget.is_never()).then(|| Duration::from_micros(micros));
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let crew = Crew::of(arguments.threads.map_or_else(processors, usize::from));
    Manner {
        options: Options { budget, memory: Some(arguments.memory), crew, ..Options::default() },
        look: Look { color, width, full: false },
        json: arguments.json,
        verbose: arguments.verbose,
        terminal,
    }
}

/// Columns of the terminal, or what a page has.
fn terminal_width() -> usize {
    comfy_table::Table::new().width().map_or(120, usize::from)
}

/// Runs a command with as many threads as were asked for.
fn in_pool<T: Send>(arguments: &Arguments, run: impl FnOnce() -> T + Send) -> T {
    let threads = arguments.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started").install(run)
}

/// The first Ctrl-C ends the searches with what they know, the second ends the program.
fn stop_on_ctrl_c(manner: &Manner) {
    let meter = manner.options.meter.clone();
    let stop = move || {
        if meter.is_stopped() {
            std::process::exit(Status::Inconclusive.code().into());
        }
        meter.stop();
    };
    if let Err(error) = ctrlc::set_handler(stop) {
        tracing::debug!("Ctrl-C ends the program at once: {error}");
    }
}

/// On a terminal a line that says how much was seen so far.
fn progress(manner: &Manner) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let meter = manner.options.meter.clone();
    let seen = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
        let (states, zones) = meter.seen();
        let told = match meter.runs() {
            0 if meter.points() > 0 => {
                out.write_fmt(format_args!("{} points, {states} discrete states", meter.points()))
            }
            0 => out.write_fmt(format_args!("{states} discrete states, {zones} zones")),
            runs => match meter.expected_runs() {
                0 => out.write_fmt(format_args!("{runs} runs")),
                expected => out.write_fmt(format_args!("{runs} of {expected} runs")),
            },
        };
        told.expect("a text can be written to");
    };
    let style = ProgressStyle::with_template("{spinner} {elapsed} {seen}").expect("the template is right");
    let bar = ProgressBar::new_spinner().with_style(style.with_key("seen", seen));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// One line, of the first panic only.
fn report_panic(info: &panic::PanicHookInfo<'_>) {
    static REPORTED: AtomicBool = AtomicBool::new(false);
    if REPORTED.swap(true, Ordering::Relaxed) {
        return;
    }
    let message = info.payload_as_str().unwrap_or("a panic without a message").replace('\n', " ");
    let place = info.location().map_or(String::new(), |place| format!(" ({}:{})", place.file(), place.line()));
    let _ = writeln!(std::io::stderr(), "internal error, please report it: {message}{place}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_internal_error() {
        assert_eq!(guarded(|| Status::Inconclusive).code(), 2);
        let in_a_pool = || rayon::join(|| Status::AsExpected, || panic!("a defect, on purpose")).0;
        assert_eq!(guarded(in_a_pool).code(), 4);
    }
}
