//! `map`: where a property holds, over the values of two parameters.

use std::{fs, io, path::Path};

use super::{Manner, Output, commands::pretty, save};
use crate::{
    app::{
        App, Options,
        map::{boundary, map},
        vary::{Range, Region, Variants, question, ties},
    },
    design::{BadInput, Resolved, Result, Shelf},
    report::{Drawn, Medium, chart, png},
    spec::Form,
    time::Duration,
    verdict::Status,
};

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    file: String,
    /// The parameter across, and its range: a span, an end of a window (`.lo`, `.hi`), a rate or a number.
    #[arg(long, value_name = "PATH=lo..hi")]
    x: String,
    /// The parameter upwards, and its range.
    #[arg(long, value_name = "PATH=lo..hi")]
    y: String,
    #[arg(long, value_name = "ID")]
    property: String,
    /// The ledger, if the file asks for the property under several.
    #[arg(long, value_name = "LEDGER")]
    under: Option<String>,
    /// The bound, instead of the file's.
    #[arg(long, value_name = "TIME")]
    within: Option<Duration>,
    /// Change a value of the design first.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    assignments: Vec<String>,
    /// Let a span follow others: it is computed anew at every point.
    #[arg(long = "tie", value_name = "PATH=FORMULA")]
    ties: Vec<String>,
    /// So many points across and upwards.
    #[arg(long, value_name = "NxM", default_value = "40x40", value_parser = grid)]
    grid: (usize, usize),
    /// Check every point, also where those around it agree.
    #[arg(long)]
    every: bool,
    /// Where the pictures and the table go.
    #[arg(long, value_name = "FOLDER", default_value = "target/tenure/map")]
    out: String,
}

/// Draws a map and writes it as SVG, PNG and CSV.
pub(super) fn run(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output> {
    let design = app.load(Shelf::Disk, &arguments.file, &arguments.assignments)?;
    let question = question(app, &design, &arguments.property, arguments.under.as_deref(), arguments.within)?;
    let x = Range::read(&design, "--x", &arguments.x)?;
    let y = Range::read(&design, "--y", &arguments.y)?;
    if x.parameter.path == y.parameter.path {
        return Err(y.place.refuse("both axes are the same parameter").with_remedy("a map has two different ones"));
    }
    let ties = ties(&design, &arguments.ties, &question.ledger)?;
    check_folder(&arguments.out)?;
    let options = Options { brief: true, ..manner.options.clone() };
    let is_bound = is_bound(app, &design, &question.property)?;
    let variants = Variants { app, design: &design, ties, question: question.clone(), options };
    let map = map(&variants, x, y, arguments.grid, arguments.every);
    if map.count(Some(Region::Open)) > 0 && map.count(Some(Region::Safe)) + map.count(Some(Region::Unsafe)) == 0 {
        refuse_open(&map)?;
    }
    let boundary = boundary(&variants, &map);
    let drawn = Drawn { design: &design, question: &question, map: &map, boundary: &boundary, is_bound };
    let words = drawn.words();
    let stem = stem(&arguments.out, &drawn);
    let pictures = [
        (format!("{stem}.svg"), chart(&map, &boundary, &words, Medium::Browser).into_bytes()),
        (format!("{stem}.png"), png(&chart(&map, &boundary, &words, Medium::Png))),
        (format!("{stem}.csv"), drawn.csv().into_bytes()),
    ];
    let mut aside = String::new();
    let files: Vec<String> = match save::all(&pictures) {
        Ok(()) => pictures.iter().map(|(path, _)| path.clone()).collect(),
        Err(error) => {
            aside.push_str(&format!("the map was not written to {}: {error}\n", arguments.out));
            Vec::new()
        }
    };
    let status = match map.count(Some(Region::Open)) {
        0 if aside.is_empty() => Status::AsExpected,
        _ => Status::Inconclusive,
    };
    let text = if manner.json {
        pretty(&drawn.json(&files))
    } else {
        let lines = drawn.lines().into_iter().map(|line| format!("  {line}\n"));
        let saved = files.iter().map(|file| format!("  {file}\n"));
        format!("MAP  {}\n", drawn.title()) + &lines.chain(saved).collect::<String>()
    };
    Ok(Output { text, aside, status })
}

fn is_bound(app: &App, design: &Resolved, property: &str) -> Result<bool> {
    let cards = app.protocol_of(design)?.properties();
    Ok(cards.iter().any(|card| card.id == property && matches!(card.form, Form::Within(_))))
}

/// A map on which no point is a design is a mistake in the ranges.
fn refuse_open(map: &crate::app::map::Map) -> Result<()> {
    let mut points = (0..map.ys.len()).flat_map(|y| (0..map.xs.len()).filter_map(move |x| map.point(x, y)));
    let Some(first) = points.clone().next() else { return Ok(()) };
    if points.all(|point| point.verdict == "refused") {
        let why = first.why.clone().unwrap_or_default();
        return Err(BadInput::without_place(format!("no point of these ranges is a design: {why}"))
            .with_remedy("choose other ranges, or let other values follow with `--tie`"));
    }
    Ok(())
}

/// Refuses what is no folder, before anything is computed.
fn check_folder(out: &str) -> Result<()> {
    match fs::metadata(out) {
        Ok(found) if found.is_dir() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(BadInput::without_place(format!("expected a folder to write to, got {out}: it is a file"))
            .with_remedy("name a folder with `--out`")),
        Err(error) => Err(BadInput::without_place(format!("expected a folder to write to, got {out}: {error}"))),
    }
}

/// The files' path without their endings.
fn stem(out: &str, drawn: &Drawn<'_>) -> String {
    let name = format!(
        "{}-{}-{}-{}-{}",
        drawn.design.file.strip_suffix(".toml").unwrap_or(&drawn.design.file),
        drawn.question.property,
        drawn.question.ledger,
        drawn.map.x.parameter.name(),
        drawn.map.y.parameter.name(),
    );
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect();
    Path::new(out).join(plain.trim_matches('-')).to_string_lossy().into_owned()
}

/// `40x40`
fn grid(text: &str) -> std::result::Result<(usize, usize), String> {
    let number = |text: &str| text.trim().parse::<usize>().ok().filter(|count| (2..=400).contains(count));
    let both = text.split_once('x').and_then(|(x, y)| Some((number(x)?, number(y)?)));
    both.ok_or_else(|| format!("expected two numbers from 2 to 400, as in 40x40, got {text:?}"))
}
