//! What may be written on the command line.

use std::num::NonZeroUsize;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::time::Duration;

/// Proves coordination protocols: can two workers ever act at once, and how long until someone takes over?
#[derive(Parser, Debug)]
#[command(
    version,
    after_help = "Exit status: 0 all as expected (or held, in a file without expectations), 1 not as expected, \
                  2 inconclusive or interrupted, 3 usage or bad input, 4 a defect of this program."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    /// Print JSON instead of tables.
    #[arg(long, global = true)]
    pub(super) json: bool,

    /// How many checks run side by side; as many as there are processors if not given.
    #[arg(long, global = true, value_name = "N", value_parser = at_least_one)]
    pub(super) threads: Option<NonZeroUsize>,

    /// How long one check may take before it ends with UNKNOWN.
    #[arg(long, global = true, value_name = "TIME", default_value = "5m")]
    pub(super) budget: Duration,

    /// How much memory one check may use before it ends with UNKNOWN.
    #[arg(long, global = true, value_name = "SIZE", default_value = "2GiB", value_parser = bytes)]
    pub(super) memory: u64,

    /// Colors on a terminal.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,

    /// Say more: every answer in full, and how long it took.
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Check that designs are as they expect (the default).
    Review(Review),
    /// Answer what one design asks, in full.
    Check {
        file: String,
        /// Change a value of the design first; its expectations are then not compared.
        #[arg(long = "set", value_name = "PATH=VALUE")]
        assignments: Vec<String>,
        /// Only this property.
        #[arg(long, value_name = "ID")]
        property: Option<String>,
        /// Say what a violation needs, and what a proof rests on and how far each bound could move. That takes many
        /// checks.
        #[arg(long)]
        why: bool,
        /// Show every step of a story.
        #[arg(long)]
        full: bool,
        /// Check again whenever the file, or one that it extends, is saved.
        #[arg(long)]
        watch: bool,
    },
    /// Run a saved trace again and show it; of a folder of kept stories, run them all.
    Replay {
        trace: String,
        /// Refuse the trace unless it is of this design.
        #[arg(long, value_name = "FILE")]
        design: Option<String>,
        /// Show every step.
        #[arg(long)]
        full: bool,
        /// Print the run in a format of other tools instead.
        #[arg(long, value_enum, conflicts_with = "json")]
        format: Option<crate::report::Format>,
    },
    /// Keep a saved trace as a regression, with the date and the reason.
    Keep(super::keep::Arguments),
    /// Run a design from many seeds: how often it fails, how long it takes, what was never reached.
    Sim(super::sim::Arguments),
    /// Simulate every expectation of a folder, and say what contradicts it and how near the worst cases come.
    Campaign(super::campaign::Arguments),
    /// Draw where a property holds over the values of two parameters: each point a proof or a replayed run.
    Map(super::map::Arguments),
    /// Find the largest or smallest value of a parameter for which a property holds, by proof.
    Tune(super::tune::Arguments),
    /// Measure designs as failure detectors: how soon they detect a death, how often they are mistaken, and how long.
    Detector(super::detector::Arguments),
    /// Look around in the untimed model of a design, in a browser on this machine.
    Explorer(super::explorer::Arguments),
    /// Compare two designs, folders of designs, or summaries: what became worse, what better.
    Diff(super::diff::Arguments),
    /// Find every known failure of a catalogue, and prove its repair.
    Failures(super::failures::Arguments),
    /// Print a design to begin with, every key explained.
    New {
        /// The protocol that it is of.
        protocol: String,
    },
    /// Say what a property asks, and what the designs at hand say of it.
    Explain {
        /// Its id, as `list` shows it.
        property: String,
    },
    /// Name the protocols and their properties.
    List {
        /// By requirement instead.
        #[arg(long)]
        requirements: bool,
    },
}

#[derive(Args, Debug)]
pub(super) struct Review {
    /// Files and folders; `./models` if none is given, or else the designs inside this program.
    pub(super) paths: Vec<String>,
    /// Where the page, the summaries and the stories go.
    #[arg(long, value_name = "FOLDER", default_value = super::folder::DEFAULT)]
    pub(super) out: String,
    /// Also say what violations need and what proofs rest on, by proof. That takes many checks.
    #[arg(long)]
    pub(super) why: bool,
    /// Also simulate each bound from so many seeds, and draw how long it took over its worst case.
    #[arg(long, value_name = "N", default_value = "0")]
    pub(super) seeds: u64,
}

/// What is reviewed without any arguments.
impl Default for Review {
    fn default() -> Review {
        Review { paths: Vec::new(), out: super::folder::DEFAULT.into(), why: false, seeds: 0 }
    }
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// How many go side by side.
pub(super) fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.trim().parse().map_err(|_| format!("expected a number, 1 at least, got {text:?}"))
}

/// `512MiB`, `2GiB`, or a number of bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let shift = match unit {
        "" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(format!("unknown unit {unit:?}; the units are KiB, MiB and GiB")),
    };
    let number: u64 = number.parse().map_err(|_| "expected a size, such as 512MiB".to_string())?;
    number.checked_mul(1 << shift).ok_or_else(|| "the size is too large".into())
}
