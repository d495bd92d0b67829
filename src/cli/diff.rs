//! `diff`: what changed between two designs, two reviews, or two folders of designs.

use std::path::Path;

use super::{Manner, Output, commands::pretty, save::at_line};
use crate::{
    app::{
        App,
        review::{answer, questions},
    },
    design::{BadInput, Place, Result, Shelf},
    report::{ComparedAnswer, ComparedSummary, Style, comparison, summary},
    verdict::Status,
};

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    /// What was before: a design, a folder of designs, or the summary of a review.
    before: String,
    /// What is now.
    after: String,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Style::Text, conflicts_with = "json")]
    format: Style,
}

/// The only version of the summary's format.
const VERSION: u32 = 1;

pub(super) fn run(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output> {
    // Both are read before either is checked.
    let (before, after) = (Side::read(app, &arguments.before)?, Side::read(app, &arguments.after)?);
    let comparison = comparison(&before.answers(app, manner)?, &after.answers(app, manner)?);
    let text = if manner.json { pretty(&comparison.json()) } else { comparison.write(arguments.format) };
    let status = if comparison.is_worse() { Status::NotAsExpected } else { Status::AsExpected };
    Ok(Output { text, aside: String::new(), status })
}

/// One side of a comparison.
enum Side {
    Answers(Vec<ComparedAnswer>),
    /// With the folder that they are in, as both sides are in different ones.
    Designs(String, Vec<crate::design::Resolved>),
}

impl Side {
    fn read(app: &App, path: &str) -> Result<Side> {
        let review = Path::new(path).join("summary.json");
        if review.is_file() {
            return Side::summary(&review.to_string_lossy());
        }
        if path.ends_with(".json") {
            return Side::summary(path);
        }
        let files = Shelf::Disk.designs(path)?;
        if files.is_empty() {
            let refusal = BadInput::without_place(format!("{path} has neither a summary.json nor a design"));
            return Err(refusal.with_remedy("name a design, a folder of designs, or what `review` wrote"));
        }
        let designs = files.iter().map(|file| app.load(Shelf::Disk, file, &[])).collect::<Result<_>>()?;
        let folder = if Path::new(path).is_dir() { format!("{}/", path.trim_end_matches('/')) } else { String::new() };
        Ok(Side::Designs(folder, designs))
    }

    fn summary(path: &str) -> Result<Side> {
        let source = Shelf::Disk.read(path)?;
        let summary: ComparedSummary = serde_json::from_str(&source.text).map_err(|error| {
            let refusal = at_line(&source, error.line()).refuse(format!("this is not a whole summary: {error}"));
            refusal.with_remedy("write it again with `review`, or with `check --json`")
        })?;
        if summary.schema_version != VERSION {
            let version = summary.schema_version;
            let refusal = format!("expected a summary of version {VERSION}, got {version}");
            return Err(Place::start_of(&source).refuse(refusal));
        }
        Ok(Side::Answers(summary.answers))
    }

    /// What is known of each question; designs are checked now.
    fn answers(&self, app: &App, manner: &Manner) -> Result<Vec<ComparedAnswer>> {
        let (folder, designs) = match self {
            Side::Answers(answers) => return Ok(answers.clone()),
            Side::Designs(folder, designs) => (folder, designs),
        };
        let mut asked = Vec::new();
        for design in designs {
            asked.extend(questions(design, app.protocol_of(design)?, None));
        }
        let answers: Vec<_> = answer(app, asked, &manner.options)?.into_iter().map(|answer| (answer, None)).collect();
        let summary: ComparedSummary = serde_json::from_value(summary(&answers, Status::AsExpected))
            .expect("what this program writes it can read");
        let mut compared = summary.answers;
        for (one, (answer, _)) in compared.iter_mut().zip(&answers) {
            let place = answer.asked.expectation.map(|expectation| expectation.place("property"));
            one.place = place.map(|place| (place.source.name.clone(), place.line()));
            one.design = one.design.strip_prefix(folder.as_str()).unwrap_or(&one.design).into();
        }
        Ok(compared)
    }
}
