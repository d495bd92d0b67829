//! Bad input is refused with its place and a remedy, status 3, and nothing is printed as a result or written.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const DESIGN: &str = r#"tenure = 1
title = "a small lease"
protocol = "lease"
[design]
contenders = 2
store = { ttl = "4s" }
contender = { lease = "4s", renew = "2s", retry = "2s", resend = "1s" }
[network]
delay = "0ms..250ms"
[ledger.pause]
pause = { at_most = 1, for = "0s..10s" }
[[expect]]
property = "at-most-one-believes"
under = "pause"
verdict = "violated"
"#;

#[test]
fn a_protocol_that_detects_nothing_is_not_measured() {
    let folder = Folder::new("no-detector", &[("design.toml", DESIGN.into())]);
    folder.refuses("detector design.toml", "is no failure detector", "\"lease\"", "such as presence");
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    refused_changed("unknown-key", ("ttl =", "tll ="), "unknown key `tll`", "6:11", "did you mean \"ttl\"?");
}

#[test]
fn a_span_without_a_unit_is_shown_how_to_have_one() {
    refused_changed(
        "unit",
        ("\"4s\" }", "\"4\" }"),
        "expected a whole number with a unit",
        "6:17",
        "such as \"250ms\"",
    );
}

#[test]
fn a_unit_that_does_not_exist_is_shown_those_that_do() {
    refused_changed(
        "no-unit",
        ("\"4s\" }", "\"4sec\" }"),
        "unknown unit \"sec\"",
        "6:17",
        "the units are us, ms, s, m and h",
    );
}

#[test]
fn a_span_that_a_formula_reads_is_complained_of_where_it_stands() {
    let formula = ("property = \"at-most", "worst = \"1s\"\nbecause = \"store.ttl\"\nproperty = \"at-most");
    let design = DESIGN.replace(formula.0, formula.1).replace("\"4s\" }", "\"4sec\" }");
    let folder = Folder::new("formula-no-unit", &[("design.toml", design)]);
    folder.refuses("check design.toml", "unknown unit \"sec\"", "6:17", "the units are us, ms, s, m and h");
}

#[test]
fn what_is_varied_is_a_span_of_the_design() {
    let vary = ("property = \"at-most", "vary = [\"store.tll\"]\nproperty = \"at-most");
    refused_changed("vary", vary, "`store.tll` is no span of this design", "13:9", "design.store.ttl");
}

#[test]
fn a_span_that_never_ends_is_refused() {
    let never = ("ttl = \"4s\"", "ttl = \"never\"");
    refused_changed("never", never, "expected a span that ends", "6:17", "such as \"10s\"");
    let long = ("ttl = \"4s\"", "ttl = \"876001h\"");
    refused_changed("long", long, "is too long", "6:17", "100 years");
}

#[test]
fn a_formula_is_not_nested_for_ever() {
    let deep =
        format!("worst = \"1s\"\nbecause = \"{}1s{}\"\nproperty = \"at-most", "(".repeat(9_000), ")".repeat(9_000));
    refused_changed("deep", ("property = \"at-most", &deep), "more than 100 parentheses are open", "14:", "");
}

#[test]
fn what_is_expected_is_said_in_the_words_of_a_design() {
    let table = ("store = { ttl = \"4s\" }", "store = 4");
    refused_changed("no-table", table, "expected a table, got the number 4", "6:9", "");
    let number = ("contenders = 2", "contenders = 300");
    refused_changed("big-number", number, "expected a whole number from 0 to 255, got the number 300", "5:14", "");
}

#[test]
fn a_span_that_would_repeat_for_ever_at_one_moment_is_refused() {
    let resend = ("resend = \"1s\"", "resend = \"0s\"");
    refused_changed("resend", resend, "expected a span that is longer than none, got 0s", "7:66", "");
}

#[test]
fn a_window_that_ends_before_it_begins_is_refused() {
    refused_changed(
        "window",
        ("0ms..250ms", "250ms..0ms"),
        "begins at 250ms but ends at 0s",
        "9:9",
        "write the smaller span first",
    );
}

#[test]
fn an_unknown_property_names_the_nearest_known_one() {
    let change = ("one-believes", "one-believe");
    refused_changed(
        "property",
        change,
        "has no property \"at-most-one-believe\"",
        "13:12",
        "did you mean \"at-most-one-believes\"?",
    );
}

#[test]
fn an_unknown_ledger_names_the_known_ones() {
    refused_changed("ledger", ("under = \"pause\"", "under = \"pase\""), "unknown ledger", "14:9", "\"pause\"");
}

#[test]
fn a_set_path_that_does_not_exist_names_the_nearest_that_does() {
    let folder = Folder::new("set", &[("design.toml", DESIGN.into())]);
    let arguments = "check design.toml --set store.tll=1s";
    folder.refuses(arguments, "unknown key `tll`", "--set:1:7", "did you mean \"ttl\"?");
}

#[test]
fn files_that_extend_each_other_are_told_that_one_has_to_be_whole() {
    let extends = |file: &str| format!("tenure = 1\nextends = \"{file}\"\n");
    let folder = Folder::new("circle", &[("a.toml", extends("b.toml")), ("b.toml", extends("a.toml"))]);
    folder.refuses("review a.toml", "a.toml -> b.toml -> a.toml", "b.toml:2:11", "without `extends`");
}

#[test]
fn a_truncated_trace_is_to_be_written_again() {
    let folder = Folder::new("truncated", &[("design.toml", DESIGN.into())]);
    let trace = folder.violate();
    let text = fs::read_to_string(folder.0.join(&trace)).expect("it was just written");
    fs::write(folder.0.join("half.json"), &text[..text.len() / 2]).expect("it can be written");
    folder.refuses("replay half.json", "this is not a whole trace", "half.json:", "write it again with `check`");
}

#[test]
fn of_a_long_line_only_a_part_is_shown() {
    let folder = Folder::new("long-line", &[("design.toml", DESIGN.into())]);
    let trace = folder.violate();
    let text = fs::read_to_string(folder.0.join(&trace)).expect("it was just written");
    let line = text.replace('\n', " ").replace("\"tenure_trace\": 1", "\"tenure_trace\": 99");
    fs::write(folder.0.join("line.json"), &line).expect("it can be written");
    folder.refuses("replay line.json", "expected a trace of format 1, got 99", "line.json:1:", "write it again");
    let (_, _, aside) = folder.tenure("replay line.json");
    assert!(line.len() > 2_000 && aside.len() < 700, "{aside}");
}

#[test]
fn a_trace_of_another_design_tells_where_they_differ() {
    let other = DESIGN.replace("ttl = \"4s\"", "ttl = \"5s\"");
    let folder = Folder::new("other", &[("design.toml", DESIGN.into()), ("other.toml", other)]);
    let trace = folder.violate();
    let arguments = format!("replay {trace} --design other.toml");
    folder.refuses(&arguments, "not of other.toml", "other.toml", "here `store = { ttl = \"5s\" }`");
}

/// A review of the design with one change is refused with these words, this place and this remedy.
fn refused_changed(name: &str, (old, new): (&str, &str), says: &str, place: &str, remedy: &str) {
    let changed = DESIGN.replacen(old, new, 1);
    assert_ne!(changed, DESIGN, "{old} is in the design");
    let folder = Folder::new(name, &[("design.toml", changed)]);
    folder.refuses("review design.toml", says, &format!("design.toml:{place}"), remedy);
}

/// A folder of its own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, String)]) -> Folder {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bad-input").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an old run's folder can go");
        }
        fs::create_dir_all(&folder).expect("folders can be made");
        for (file, text) in files {
            fs::write(folder.join(file), text).expect("files can be written");
        }
        Folder(folder)
    }

    fn tenure(&self, arguments: &str) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        let output = command.args(arguments.split_whitespace()).current_dir(&self.0).output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// The trace that a check of the design writes.
    fn violate(&self) -> String {
        let (code, out, aside) = self.tenure("check design.toml");
        assert_eq!(code, Some(0), "{out}{aside}");
        let written = self.files().into_iter().find(|file| file.ends_with(".json"));
        written.expect("a violation is saved")
    }

    fn refuses(&self, arguments: &str, says: &str, place: &str, remedy: &str) {
        let before = self.files();
        let (code, out, aside) = self.tenure(arguments);
        assert_eq!((code, out.as_str()), (Some(3), ""), "{aside}");
        // Words may be broken into lines.
        let told: Vec<&str> = aside.split_whitespace().filter(|word| *word != "│").collect();
        let told = told.join(" ");
        for part in [says, place, remedy] {
            assert!(told.contains(part), "{part:?} is not in\n{aside}");
        }
        assert_eq!(self.files(), before, "nothing is written");
    }

    /// Every file below it, in order.
    fn files(&self) -> Vec<String> {
        let mut folders = vec![self.0.clone()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("it can be read") {
                let path = entry.expect("it is there").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path.strip_prefix(&self.0).expect("it is below").display().to_string());
                }
            }
        }
        files.sort();
        files
    }
}
