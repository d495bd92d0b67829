//! Two designs side by side, and a design that is checked as it is saved.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
};

use support::{folder::Folder, schema};

mod support {
    pub mod folder;
    pub mod schema;
}

/// A take-over takes at most ttl + retry + 4 delays (README): 7 s.
const DESIGN: &str = r#"
tenure = 1
title = "a small lease"
protocol = "lease"
[design]
contenders = 2
store = { ttl = "4s" }
contender = { lease = "3s", renew = "1s", retry = "2s", resend = "1s" }
[network]
delay = "0ms..250ms"
[ledger.one-crash]
crash = 1
[ledger.cut]
cut = { at_most = 1, for = "0s..10s" }
[[expect]]
property = "at-most-one-believes"
under = "cut"
verdict = "holds"
[[expect]]
property = "hard-death-takeover"
under = "one-crash"
within = "7s"
verdict = "holds"
[[expect]]
property = "healthy-holder-keeps"
under = "one-crash"
verdict = "holds"
"#;

/// The store forgets a holder before it stops: the take-over is faster, and two may believe.
fn hasty() -> String {
    DESIGN.replace("ttl = \"4s\"", "ttl = \"2s\"")
}

fn folder(name: &str) -> Folder {
    Folder::new(name, &[("before/lease.toml", DESIGN.into()), ("after/lease.toml", hasty())])
}

#[test]
fn what_is_worse_comes_first_and_is_the_exit_status() {
    let folder = folder("diff-worse");
    let run = folder.tenure(&["diff", "before/lease.toml", "after/lease.toml"]).ends(1);
    let lines: Vec<&str> = run.out.lines().collect();
    let worse = "at-most-one-believes, under cut: verdict HOLDS -> VIOLATED";
    assert!(lines[0].starts_with("WORSE") && lines[0].contains(worse), "{}", run.out);
    assert!(lines[1].starts_with("better") && lines[1].contains("worst case 7 s -> 5 s"), "{}", run.out);
    let run = folder.tenure(&["diff", "before/lease.toml", "after/lease.toml", "--json"]).ends(1);
    let told: serde_json::Value = serde_json::from_str(&run.out).expect("it prints JSON");
    schema::fits(include_str!("../docs/diff.schema.json"), &told);
    assert_eq!((told["changes"].as_array().map(Vec::len), &told["worse"]), (Some(lines.len() - 1), &true.into()));
    let back = folder.tenure(&["diff", "after/lease.toml", "before/lease.toml"]).ends(1);
    assert!(back.out.starts_with("WORSE") && back.out.contains("worst case 5 s -> 7 s"), "{}", back.out);
    assert!(back.out.contains("verdict VIOLATED -> HOLDS"), "{}", back.out);
    fs::write(folder.0.join("faster.toml"), DESIGN.replace("retry = \"2s\"", "retry = \"1s\""))
        .expect("it can be written");
    let better = folder.tenure(&["diff", "before/lease.toml", "faster.toml"]).ends(0);
    assert!(better.out.contains("worst case 7 s -> 6 s") && better.out.contains("0 worse, 1 better"), "{}", better.out);
    let same = folder.tenure(&["diff", "before", "before/lease.toml"]).ends(0);
    assert_eq!(same.out, "0 worse, 0 better, 0 changed otherwise, 3 unchanged\n");
}

#[test]
fn a_summary_stands_for_its_designs() {
    let folder = folder("diff-summary");
    folder.tenure(&["review", "before", "--out", "review"]).ends(0);
    let summary = folder.tenure(&["check", "before/lease.toml", "--json"]).ends(0);
    fs::write(folder.0.join("check.json"), summary.out).expect("it can be written");
    folder.tenure(&["diff", "review", "check.json"]).ends(0);
    folder.tenure(&["diff", "review/summary.json", "after/lease.toml"]).ends(1);
}

/// A promise that is taken back is worse, though every check is as expected.
#[test]
fn asking_for_less_is_worse() {
    let folder = folder("diff-less");
    let less = DESIGN.replace("within = \"7s\"", "within = \"8s\"");
    let none = DESIGN.rsplit_once("[[expect]]").expect("it has expectations").0;
    for (name, text, told) in [("less.toml", less.as_str(), "bound 7 s -> 8 s"), ("none.toml", none, "no longer")] {
        fs::write(folder.0.join(name), text).expect("it can be written");
        let run = folder.tenure(&["diff", "before/lease.toml", name]).ends(1);
        assert!(run.out.contains(told), "{}", run.out);
    }
}

#[test]
fn a_workflow_is_told_file_and_line() {
    let folder = folder("diff-formats");
    let run = folder.tenure(&["diff", "before/lease.toml", "after/lease.toml", "--format", "github"]).ends(1);
    let first = run.out.lines().next().expect("it says something");
    let line =
        DESIGN.lines().position(|line| line.contains("property = \"at-most-one-believes\"")).expect("it asks") + 1;
    let title = "title=at-most-one-believes%2C under cut (after/lease)";
    let start = format!("::error file=after/lease.toml,line={line},{title}::verdict HOLDS -> VIOLATED");
    assert!(first.starts_with(&start), "{first}");
    let run = folder.tenure(&["diff", "before/lease.toml", "after/lease.toml", "--format", "markdown"]).ends(1);
    let table: Vec<&str> = run.out.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(table.len() > 3 && table.iter().all(|row| row.matches('|').count() == 7), "{}", run.out);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = folder("diff-refused");
    let summary = folder.tenure(&["check", "before/lease.toml", "--json"]).ends(0).out;
    for (name, text) in [
        ("cut.json", summary[..summary.len() / 2].to_string()),
        ("later.json", summary.replace("\"schema_version\": 1", "\"schema_version\": 2")),
        ("bad.toml", DESIGN.replace("ttl = ", "tll = ")),
        ("empty/readme.txt", String::new()),
    ] {
        let path = folder.0.join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }
    for (name, told) in [
        ("cut.json", "not a whole summary"),
        ("later.json", "version 1, got 2"),
        ("bad.toml", "ttl"),
        ("empty", "neither a summary.json nor a design"),
        ("nowhere.toml", "cannot read nowhere.toml"),
    ] {
        let run = folder.tenure(&["diff", "before/lease.toml", name]).ends(3);
        assert!(run.aside.contains(told) && run.out.is_empty(), "{name}: expected {told:?}\n{}", run.aside);
    }
}

#[test]
fn a_watched_design_is_checked_as_it_is_saved() {
    let folder = folder("watch");
    let mut command = folder.command(&["check", "before/lease.toml", "--property", "at-most-one-believes", "--watch"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
    let mut aside = BufReader::new(child.stderr.take().expect("it is a pipe")).lines();
    let mut verdicts = || -> Vec<String> {
        let lines = out.by_ref().map(|line| line.expect("it prints text"));
        let verdict = |line: &String| line.starts_with("HOLDS") || line.starts_with("VIOLATED");
        let word = |line: String| line.split(' ').next().unwrap_or_default().to_string();
        lines.filter(verdict).take(1).map(word).collect()
    };
    let mut until = |told: &str| {
        while !aside.next().expect("it goes on").expect("it prints text").contains(told) {}
    };
    assert_eq!(verdicts(), ["HOLDS"]);
    until("watching before/lease.toml");
    fs::write(folder.0.join("before/lease.toml"), "tenure = 1\n").expect("it can be written");
    until("the key `protocol` is missing");
    until("watching before/lease.toml");
    fs::write(folder.0.join("before/lease.toml"), hasty()).expect("it can be written");
    assert_eq!(verdicts(), ["VIOLATED"]);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
