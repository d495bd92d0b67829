//! The program as a user meets it: what it prints, what it writes, and how it ends.

use std::{
    fs,
    path::{Path, PathBuf},
};

use expect_test::{Expect, expect};

use support::folder::{Folder, Run};

mod support {
    pub mod folder;
    pub mod schema;
}

const DESIGN: &str = r#"
tenure = 1
title = "a small lease"
protocol = "lease"
[design]
contenders = 2
store = { ttl = "4s" }
contender = { lease = "4s", renew = "2s", retry = "2s", resend = "1s" }
[network]
delay = "0ms..250ms"
[ledger.one-crash]
crash = 1
[ledger.pause]
pause = { at_most = 1, for = "0s..10s" }
"#;

const HOLDS: &str = r#"
[[expect]]
property = "at-most-one-believes"
under = "one-crash"
verdict = "holds"
"#;

const VIOLATED: &str = r#"
[[expect]]
property = "at-most-one-believes"
under = "pause"
verdict = "violated"
"#;

impl Folder {
    /// Runs the program with words that have no spaces.
    fn run(&self, arguments: &str) -> Run {
        self.tenure(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    fn traces(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.0.join("target/tenure")) else { return Vec::new() };
        let names = entries.map(|entry| entry.expect("it is there").file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(".json")).collect()
    }

    /// The one trace that a check of the violated design writes, as a path for a command.
    fn violate(&self) -> String {
        self.run("check violated.toml").ends(0);
        let traces = self.traces();
        assert_eq!(traces.len(), 1, "one violation, one trace");
        format!("target/tenure/{}", traces[0])
    }
}

fn violated() -> (&'static str, String) {
    ("violated.toml", format!("{DESIGN}{VIOLATED}"))
}

#[test]
fn the_exit_status_tells_how_it_ended() {
    let plain = |property: &str| format!("check plain.toml --property {property}");
    let folder = Folder::new(
        "status",
        &[
            ("good/holds.toml", format!("{DESIGN}{HOLDS}")),
            ("good/violated.toml", format!("{DESIGN}{VIOLATED}")),
            ("wrong/wrong.toml", format!("{DESIGN}{}", VIOLATED.replace("\"violated\"", "\"holds\""))),
            ("good/canary/wrong.toml", format!("{DESIGN}{}", HOLDS.replace("\"holds\"", "\"violated\""))),
            ("bad/bad.toml", DESIGN.replace("ttl", "tll")),
            ("plain.toml", DESIGN.replace("[ledger.pause]\npause = { at_most = 1, for = \"0s..10s\" }\n", "")),
            ("loose.toml", DESIGN.replace("[ledger.one-crash]\ncrash = 1\n", "")),
        ],
    );
    for (arguments, code) in [
        ("review good", 0),
        ("review good/canary", 1),
        ("review wrong", 1),
        ("review good wrong", 1),
        ("check good/holds.toml", 0),
        ("check wrong/wrong.toml", 1),
        (&plain("at-most-one-believes"), 0),
        ("check loose.toml --property at-most-one-believes", 1),
        ("check good/holds.toml --set network.delay=0s..10ms", 0),
        ("check good/holds.toml --budget 1us", 2),
        ("review bad", 3),
        ("review good bad", 3),
        ("check nowhere.toml", 3),
        ("check good/holds.toml --set store.tll=1s", 3),
        ("check good/holds.toml --property at-most-one", 3),
        ("check", 3),
        ("--bogus", 3),
        ("review good --threads 0", 3),
        ("review good --budget 5", 3),
        ("review good --memory 5GB", 3),
        ("replay nowhere.json", 3),
        ("--help", 0),
        ("--version", 0),
        ("list", 0),
        ("list --requirements", 0),
        ("new lock", 0),
        ("new presence", 0),
        ("new registration", 0),
        ("new convergence", 0),
        ("new lease", 0),
        ("failures good", 3),
        ("new lok", 3),
        ("explain hard-death-takeover", 0),
        ("explain hard-death", 3),
    ] {
        let run = folder.run(arguments);
        assert_eq!(run.code, Some(code), "tenure {arguments}\n{}{}", run.out, run.aside);
    }
}

#[test]
fn a_new_design_is_as_it_expects() {
    let folder = Folder::new("new", &[violated()]);
    for protocol in ["lock", "presence", "registration", "convergence"] {
        let template = folder.run(&format!("new {protocol}")).out;
        let folder = Folder::new(&format!("new-{protocol}"), &[("mine.toml", template)]);
        let run = folder.run("check mine.toml");
        assert_eq!(run.code, Some(0), "{}{}", run.out, run.aside);
    }
}

#[test]
fn a_property_is_explained_with_what_designs_expect_of_it() {
    let folder = Folder::new("explain", &[violated()]);
    let text = folder.run("explain handover-after-work").out;
    for part in ["requirement lock-2", "best and the worst case", "lock/recommended.toml", "4 * network.delay.hi"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[test]
fn a_violation_is_a_story_of_at_most_25_lines() {
    let folder = Folder::new("story", &[violated()]);
    let run = folder.run("check violated.toml");
    assert!(run.out.lines().count() <= 25, "{}", run.out);
    expect![[r#"
        VIOLATED  violated   at most one contender believes that it holds the lock   lock-1
          at-most-one-believes, under pause: delay 0s..250ms; pause at most 1 in all, for 0s..10s
          as expected
          worst case 8.250 s
          890 discrete states, 990 zones
              time  S  A  B   step (18 of 23)
           0.350 s  o  *      S>A deliver Granted { question: #0 }; rename Deadline(#0) to Lease; arm Ask 2s; emit Acquired
               2 s  o  |  *   S>B deliver Refused { question: #1 }; disarm Deadline(#1); arm Ask 2s
           2.350 s  |  =  |   A fire Ask; pause A
               4 s  |  :  *   B fire Ask; arm Ask 1s; arm Deadline(#3) 4s; send S: Ask { question: #3 }
           4.100 s  |  *  |   A wait in the inbox
           4.100 s  *  :  |   S fire Expiry; emit Expired
           4.100 s  *  :  o   B>S deliver Ask { question: #3 }; arm Expiry 4s; send B: Granted { question: #3 }
           4.100 s  o  :  *   S>B deliver Granted { question: #3 }; rename Deadline(#3) to Lease; arm Ask 2s; emit Acquired
           6.100 s  |  :  *   B fire Ask; arm Ask 1s; arm Deadline(#4) 4s; send S: Ask { question: #4 }
           6.100 s  *  :  o   B>S deliver Ask { question: #4 }; arm Expiry 4s; send B: Granted { question: #4 }
           6.100 s  o  :  *   S>B deliver Granted { question: #4 }; rename Deadline(#4) to Lease; arm Ask 2s; emit Renewed
           8.100 s  |  :  *   B fire Ask; arm Ask 1s; arm Deadline(#5) 4s; send S: Ask { question: #5 }
           8.100 s  *  :  o   B>S deliver Ask { question: #5 }; arm Expiry 4s; send B: Granted { question: #5 }
           8.100 s  o  :  *   S>B deliver Granted { question: #5 }; rename Deadline(#5) to Lease; arm Ask 2s; emit Renewed
          10.100 s  |  :  *   B fire Ask; arm Ask 1s; arm Deadline(#6) 4s; send S: Ask { question: #6 }
          10.100 s  *  :  o   B>S deliver Ask { question: #6 }; arm Expiry 4s; send B: Granted { question: #6 }
          10.350 s  o  :  *   S>B deliver Granted { question: #6 }; rename Deadline(#6) to Lease; arm Ask 2s; emit Renewed
          12.350 s  |  *  |   A resume; arm Ask 1s; arm Deadline(#2) 4s; send S: Ask { question: #2 }
          replay  tenure replay target/tenure/violated-at-most-one-believes-pause-8d3faf4c.json
    "#]].assert_eq(&run.out);
    let full = folder.run("check violated.toml --full");
    assert!(full.out.lines().count() > 25, "{}", full.out);
}

#[test]
fn a_review_is_a_table() {
    let wrong = VIOLATED.replace("\"violated\"", "\"holds\"");
    let folder = Folder::new("table", &[("wrong.toml", format!("{DESIGN}{HOLDS}{wrong}"))]);
    let run = folder.run("review .");
    let table: Vec<&str> = run.out.lines().take(4).collect();
    expect![[r#"
        design   property              under      verdict   best  worst    states
        ./wrong  at-most-one-believes  one-crash  HOLDS                    58      as expected
        ./wrong  at-most-one-believes  pause      VIOLATED        8.250 s  890     NOT AS EXPECTED
    "#]]
    .assert_eq(&table.join("\n"));
    assert!(run.out.contains("NOT AS EXPECTED: expected holds, got violated"), "{}", run.out);
    assert!(run.out.ends_with("1 designs, 1 of 2 as expected, 1 not as expected\n"), "{}", run.out);
}

#[test]
fn a_trace_replays_as_it_was_shown() {
    let folder = Folder::new("replay", &[violated()]);
    let trace = folder.violate();
    let run = folder.run(&format!("replay {trace}"));
    assert_eq!(run.code, Some(0), "{}", run.aside);
    assert!(run.out.starts_with("REPLAYED  violated.toml   at-most-one-believes under pause\n"), "{}", run.out);
    let shown = folder.run("check violated.toml").out;
    assert!(shown.contains(&format!("replay  tenure replay {trace}\n")), "{shown}");
    let last = |text: &str| text.lines().rfind(|line| !line.contains("replay")).map(str::to_string);
    assert_eq!(last(&shown), last(&run.out));
    let same = folder.run(&format!("replay {trace} --design violated.toml"));
    assert_eq!(same.code, Some(0), "{}", same.aside);
}

fn refused(folder: &Folder, arguments: &str, expected: Expect) {
    let before = folder.traces();
    let run = folder.run(arguments);
    assert_eq!(run.code, Some(3), "{}{}", run.out, run.aside);
    assert_eq!(run.out, "");
    assert_eq!(folder.traces(), before, "nothing is written");
    // The trace's name holds a hash.
    let name = before.first().map_or("trace", String::as_str);
    expected.assert_eq(&format!("refused\n{}", run.aside.replace(name, "TRACE")));
}

#[test]
fn a_trace_that_is_not_what_it_was_is_refused() {
    let other = DESIGN.replace("\"4s\" }", "\"5s\" }");
    let folder = Folder::new("refused", &[violated(), ("other.toml", other)]);
    let trace = folder.violate();
    let path = folder.0.join(&trace);
    let text = fs::read_to_string(&path).expect("it was just written");
    let with = |changed: &str| fs::write(&path, changed).expect("it can be written");
    refused(
        &folder,
        &format!("replay {trace} --design other.toml"),
        expect![[r#"
            refused
              × the trace is not of other.toml but of another design
              help: it was written for violated.toml; there it is `store = { ttl = "4s" }`, here `store = { ttl = "5s" }`
        "#]],
    );
    with(&text[..text.len() / 2]);
    let run = folder.run(&format!("replay {trace}"));
    assert_eq!(run.code, Some(3));
    assert!(run.aside.contains("this is not a whole trace: EOF while parsing"), "{}", run.aside);
    with(&text.replace("\"tenure_trace\": 1", "\"tenure_trace\": 2"));
    refused(
        &folder,
        &format!("replay {trace}"),
        expect![[r#"
            refused
              × expected a trace of format 1, got 2
               ╭─[target/tenure/TRACE:2:3]
             1 │ {
             2 │   "tenure_trace": 2,
               ·   ──────────────
             3 │   "tool": "0.1.0",
               ╰────
              help: use the program that wrote it, or write it again with `check`
        "#]],
    );
    with(&text.replace("lease = \\\"4s\\\"", "lease = \\\"3s\\\""));
    let run = folder.run(&format!("replay {trace}"));
    assert_eq!(run.code, Some(3));
    assert!(run.aside.contains("one of them was changed"), "{}", run.aside);
    with("{}");
    refused(
        &folder,
        &format!("replay {trace}"),
        expect![[r#"
            refused
              × expected a trace, which begins with `tenure_trace`
               ╭─[target/tenure/TRACE:1:1]
             1 │ {}
               · ──
               ╰────
        "#]],
    );
}

#[test]
fn a_trace_with_one_corrupted_step_is_refused() {
    let folder = Folder::new("corrupted", &[violated()]);
    let trace = folder.violate();
    let path = folder.0.join(&trace);
    let text = fs::read_to_string(&path).expect("it was just written");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("a trace is JSON");
    let steps = value["steps"].as_array().expect("it has steps").len();
    for index in 0..steps {
        let at = value["steps"][index]["at"].clone();
        value["steps"][index]["at"] = serde_json::json!(at.as_i64().expect("it is a number") + 100_000_000);
        fs::write(&path, value.to_string()).expect("it can be written");
        let run = folder.run(&format!("replay {trace}"));
        assert_eq!(run.code, Some(3), "step {index}: {}", run.out);
        value["steps"][index]["at"] = at;
    }
}

#[test]
fn a_summary_fits_its_schema_whatever_the_threads() {
    let folder = Folder::new("summary", &[violated(), ("plain.toml", DESIGN.into())]);
    let one = folder.run("review . --json --threads 1");
    let value: serde_json::Value = serde_json::from_str(&one.out).expect("it prints JSON");
    support::schema::fits(include_str!("../docs/summary.schema.json"), &value);
    assert_eq!(value["answers"].as_array().map(Vec::len), Some(9));
    for threads in [2, 4] {
        assert_eq!(folder.run(&format!("review . --json --threads {threads}")).out, one.out);
    }
}

#[test]
fn a_simulation_says_what_its_seeds_show_and_no_more() {
    let folder = Folder::new(
        "sim",
        &[
            ("holds.toml", format!("{DESIGN}{HOLDS}")),
            violated(),
            ("wrong.toml", format!("{DESIGN}{}", VIOLATED.replace("\"violated\"", "\"holds\""))),
        ],
    );
    let held = folder.run("sim holds.toml --seeds 50");
    assert_eq!(held.code, Some(0), "{}{}", held.out, held.aside);
    assert!(held.out.contains("HOLDS IN 50 SEEDS  holds   at most one contender"), "{}", held.out);
    let found = folder.run("sim violated.toml --seeds 200");
    assert_eq!(found.code, Some(0), "a violation is expected: {}", found.out);
    assert_eq!(folder.run("sim wrong.toml --seeds 200").code, Some(1));
    assert_eq!(folder.run("sim violated.toml --seeds 1 --for 1s").code, Some(2), "one run of a second shows nothing");
    // The line that shows the seed again does, and its trace is replayed.
    let line = |start: &str| {
        let line = found.out.lines().find_map(|line| line.trim_start().strip_prefix(start));
        line.unwrap_or_else(|| panic!("no line begins with {start}: {}", found.out)).trim().to_string()
    };
    let again = folder.run(line("again").strip_prefix("tenure ").expect("it is a command"));
    assert!(again.out.contains("VIOLATED IN 1 OF 1 SEEDS"), "{}", again.out);
    let replayed = folder.run(line("replay").strip_prefix("tenure ").expect("it is a command"));
    assert!(replayed.out.starts_with("REPLAYED"), "{}{}", replayed.out, replayed.aside);
}

#[test]
fn a_simulation_that_makes_no_sense_is_refused() {
    let schedule = |step: &str| format!("{DESIGN}[ledger.plan]\nschedule = [{step}]\n");
    let folder = Folder::new(
        "sim-refused",
        &[
            violated(),
            ("node.toml", schedule("{ at = \"1s\", kill = \"Z\" }")),
            ("heal.toml", schedule("{ at = \"1s\", heal = \"A\" }")),
        ],
    );
    for (arguments, told) in [
        ("sim violated.toml --seeds 5..2", "the seeds begin at 5 but end before 2"),
        ("sim violated.toml --draw climb", "a climb looks for the longest wait of one property"),
        ("sim violated.toml --under calm", "unknown ledger \"calm\""),
        ("sim violated.toml --property safe", "unknown property \"safe\""),
        ("sim node.toml", "expected some of A, B, got \"Z\""),
        ("sim heal.toml", "at 1s no cut of it is open"),
    ] {
        let run = folder.run(arguments);
        assert_eq!(run.code, Some(3), "{arguments}: {}", run.out);
        assert!(run.aside.contains(told), "{arguments}: {}", run.aside);
    }
    assert!(folder.traces().is_empty(), "nothing is written");
}

#[test]
fn a_design_with_a_schedule_is_simulated_and_not_checked() {
    let design = format!("{DESIGN}[ledger.plan]\nschedule = [{{ at = \"20s\", kill = [\"A\", \"B\"] }}]\n");
    let folder = Folder::new("sim-schedule", &[("plan.toml", design)]);
    let checked = folder.run("check plan.toml --property hard-death-takeover");
    assert_eq!(checked.code, Some(2));
    assert!(checked.out.contains("a schedule fixes moments"), "{}", checked.out);
    let run = folder.run("sim plan.toml --under plan --property at-most-one-believes --seeds 20");
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.aside);
    assert!(run.out.contains("crash in 20 runs, while it could matter in"), "{}", run.out);
}

/// With one contender only, nobody else can take over.
#[test]
fn what_never_ends_names_what_alone_could_end_it() {
    let alone = DESIGN.replace("contenders = 2", "contenders = 1");
    let restart = alone.replace("crash = 1", "crash = { at_most = 1, restart = \"5s..never\" }");
    let folder = Folder::new("never", &[("alone.toml", alone), ("restart.toml", restart)]);
    let run = folder.run("check alone.toml --property hard-death-takeover");
    assert!(run.out.contains("nothing is under way that could help"), "{}", run.out);
    let run = folder.run("check restart.toml --property hard-death-takeover");
    let helps = "only this could help, and it need never come: the start of A";
    assert!(run.out.contains(helps), "{}", run.out);
}

#[test]
fn what_a_violation_needs_is_proved_or_seen() {
    let folder = Folder::new("why", &[violated()]);
    let checked = folder.run("check violated.toml --why");
    assert!(checked.out.contains("needs 1 pause; with one fewer of any: it holds"), "{}", checked.out);
    // The lease of 4 s counts from the question: a pause shorter than what is left of it does no harm.
    assert!(checked.out.contains("does no harm, up to 1"), "{}", checked.out);
    let seen = folder.run("sim violated.toml --seeds 200 --why");
    assert!(seen.out.contains("needs 1 pause; with one fewer of any: not in the 200 seeds tried"), "{}", seen.out);
}

#[test]
fn what_a_proof_rests_on_is_told_with_where_it_turns() {
    let closed = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/lease/closed-form.toml");
    let closed = fs::read_to_string(closed).expect("it is in the catalogue");
    let (design, _) = closed.split_once("[[expect]]").expect("it expects something");
    let expect = |within: &str| {
        let expect = "[[expect]]\nproperty = \"hard-death-takeover\"\nunder = \"one-crash\"\nverdict = \"holds\"";
        format!("{design}{expect}\nwithin = \"{within}\"\n")
    };
    let files = [("exact.toml", expect("21s")), ("slack.toml", expect("21120ms"))];
    let folder = Folder::new("rests", &files);
    // The worst case is 15 s + 5 s + 4 delays, and 21 s are asked for: nothing is left.
    let exact = folder.run("check exact.toml --why").out;
    assert!(exact.contains("rests on delay up to 250ms: up to 251ms it fails"), "{exact}");
    assert!(exact.contains("rests on crash at most 1: with 2 it fails"), "{exact}");
    // 120 ms more are four times 30 ms, or a reaction of two times 60 ms.
    let slack = folder.run("check slack.toml --why").out;
    assert!(slack.contains("rests on delay up to 250ms: up to 280ms it holds, up to 281ms it fails"), "{slack}");
    assert!(slack.contains("rests on reaction up to 0s: up to 60ms it holds, up to 61ms it fails"), "{slack}");
}

#[test]
fn a_campaign_over_the_catalogue_finds_no_contradiction() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let folder = Folder::new("campaign", &[]);
    fs::create_dir_all(&folder.0).expect("folders can be made");
    for protocol in ["lease", "lock"] {
        let run = folder.run(&format!("campaign {} --seeds 50", models.join(protocol).display()));
        assert_eq!(run.code, Some(0), "{}{}", run.out, run.aside);
        assert!(run.out.contains("50 seeds for each") && run.out.contains("no contradiction"), "{}", run.out);
        assert!(folder.0.join("target/tenure/campaign.md").exists());
    }
    let canary = folder.run(&format!("campaign {} --seeds 2000", models.join("canary/canary.toml").display()));
    assert_eq!(canary.code, Some(1), "a campaign that accepts the canary is broken: {}", canary.out);
    assert!(canary.out.contains("CONTRADICTION"), "{}", canary.out);
}

#[test]
fn the_scenarios_are_as_they_expect() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("sims/scenarios");
    let folder = Folder::new("scenarios", &[]);
    fs::create_dir_all(&folder.0).expect("folders can be made");
    let mut files: Vec<PathBuf> = fs::read_dir(scenarios)
        .expect("the folder is there")
        .map(|entry| entry.expect("it is there").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let seeds = if file.ends_with("week-of-calm.toml") || file.ends_with("scale.toml") { 2 } else { 50 };
        let run = folder.run(&format!("sim {} --seeds {seeds} --draw swarm", file.display()));
        assert_eq!(run.code, Some(0), "{}{}", run.out, run.aside);
    }
}

#[test]
fn a_simulation_as_json_fits_its_schema_whatever_the_jobs() {
    let folder = Folder::new("sim-json", &[violated()]);
    let printed = [1, 2, 4].map(|jobs| folder.run(&format!("sim violated.toml --seeds 100 --json --jobs {jobs}")).out);
    let value = serde_json::from_str(&printed[0]).expect("it is JSON");
    support::schema::fits(include_str!("../docs/simulation.schema.json"), &value);
    assert!(printed.iter().all(|one| *one == printed[0]));
}

#[test]
fn more_nodes_than_a_checker_follows_are_simulated_and_not_checked() {
    let full = include_str!("../sims/scenarios/convergence-full.toml");
    let folder = Folder::new("many", &[("many.toml", full.replace("cells = 3", "cells = 300"))]);
    let check = folder.run("check many.toml --property live-work-stays");
    assert_eq!(check.code, Some(3), "{}", check.out);
    for said in ["at most 126 nodes, as many as a checker follows", "got 306 nodes", "`tenure sim`"] {
        assert!(check.aside.contains(said), "{}", check.aside);
    }
}

/// 20 LRPs on each of 100 cells, and each start goes to a cell that has least: so 20 of a dead cell, 200 of a zone.
#[test]
fn a_simulation_measures_recovery_and_what_the_stores_are_asked() {
    let scale = include_str!("../sims/scenarios/scale.toml");
    let folder = Folder::new("scale", &[("scale.toml", scale.to_string())]);
    for (ledger, lost, drained) in [("cell", 20, 0), ("zone", 200, 0), ("deploy", 0, 200)] {
        let run = folder.run(&format!("sim scale.toml --under {ledger} --seeds 1 --json"));
        let value: serde_json::Value = serde_json::from_str(&run.out).expect("it is JSON");
        support::schema::fits(include_str!("../docs/simulation.schema.json"), &value);
        let one = &value["simulations"][0];
        let span = |index: usize| (&one["measured_spans"][index]["measured"], &one["measured_spans"][index]["name"]);
        assert_eq!(span(0), (&lost.into(), &"an LRP of a dead cell is accepted elsewhere".into()), "{ledger}");
        let count = |topic: &str, name: &str| {
            let counts = one["measured_counts"].as_array().expect("they are a list").iter();
            let found = counts.filter(|count| count["topic"] == topic && count["name"] == name);
            found.map(|count| count["count"].as_u64().expect("it is a number")).sum::<u64>()
        };
        assert_eq!(count("database", "reads of all rows") * 2_000, count("convergence", "rows looked at"), "{ledger}");
        assert_eq!(count("convergence", "rows taken from missing cells"), lost, "{ledger}");
        assert!(count("convergence", "starts accepted") >= 2_000 + lost, "{ledger}");
        assert!(span(1).0.as_u64() >= Some(drained), "{ledger}");
    }
}

/// A run whose answers are lost must not look like one that was as expected.
#[test]
fn what_cannot_be_written_is_no_success() {
    let folder = Folder::new("full", &[("holds.toml", format!("{DESIGN}{HOLDS}"))]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let output = folder.command(&["check", "holds.toml", "--json"]).stdout(full).output().expect("it starts");
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be written"));
}
