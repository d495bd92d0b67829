//! The table of known failures: what is in it, and what it says when a failure is not found or a repair does not hold.

use std::collections::BTreeSet;

use support::{folder::Folder, schema};

mod support {
    pub mod folder;
    pub mod schema;
}

const TABLE: &str = include_str!("../docs/failures.md");

const FAILURE: &str = r#"
tenure = 1
title = "A lease that its holder believes in for too long"
protocol = "lease"
[design]
contenders = 2
store = { ttl = "4s" }
contender = { lease = "6s", renew = "2s", retry = "2s", resend = "1s" }
[network]
delay = "0ms..250ms"
[ledger.cut]
cut = { at_most = 1, for = "10s" }
[[expect]]
property = "at-most-one-believes"
under = "cut"
verdict = "violated"
"#;

const TWIN: &str = r#"
tenure = 1
title = "Repaired"
extends = "long-lease.toml"
[override]
contender.lease = "4s"
[[expect]]
property = "at-most-one-believes"
under = "cut"
verdict = "holds"
"#;

fn known(name: &str, twin: &str) -> Folder {
    let files = [("known/long-lease.toml", FAILURE.into()), ("known/long-lease-repaired.toml", twin.into())];
    Folder::new(name, &files)
}

#[test]
fn a_failure_is_found_and_its_repair_proved() {
    let run = known("failures", TWIN).tenure(&["failures", "known"]).ends(0);
    let (head, row) = (run.out.lines().next().expect("a head"), run.out.lines().nth(1).expect("a row"));
    for column in ["failure", "breaks", "found by", "steps", "after", "states", "took", "its twin"] {
        assert!(head.contains(column), "{head}");
    }
    for cell in ["long-lease", "at-most-one-believes", "cut", "exhaustive search", "HOLDS"] {
        assert!(row.contains(cell), "{row}");
    }
    assert!(run.out.ends_with("1 failures: 1 of 1 found by exhaustive search, 1 of 1 repairs hold\n"), "{}", run.out);
}

#[test]
fn a_repair_that_does_not_hold_is_told() {
    let run = known("failures-unrepaired", &TWIN.replace("\"4s\"", "\"5s\"")).tenure(&["failures", "known"]).ends(1);
    assert!(run.out.contains("1 of 1 found by exhaustive search, 0 of 1 repairs hold"), "{}", run.out);
}

#[test]
fn as_json_each_failure_names_its_twin_and_how_long_its_story_is() {
    let run = known("failures-json", TWIN).tenure(&["failures", "known", "--json"]).ends(0);
    let table: serde_json::Value = serde_json::from_str(&run.out).expect("it is JSON");
    schema::fits(include_str!("../docs/failures.schema.json"), &table);
    let failure = &table["failures"][0];
    assert_eq!(failure["twin"], "known/long-lease-repaired.toml");
    assert_eq!(failure["twin_verdict"], "HOLDS (touches)");
    assert_eq!(failure["found_by"], "exhaustive search");
    assert!(failure["steps"].as_u64() > Some(3) && failure["after_micros"].as_i64() > Some(4_000_000), "{failure}");
}

#[test]
fn what_is_no_known_failure_is_passed_over() {
    let folder = Folder::new("failures-none", &[("other/long-lease.toml", FAILURE.into())]);
    let run = folder.tenure(&["failures", "other"]).ends(3);
    assert!(run.aside.contains("no known failure was found"), "{}", run.aside);
}

#[test]
fn the_table_of_failures_and_the_folder_are_in_step() {
    let rows =
        TABLE.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
    let named: Vec<&str> =
        rows.flat_map(|row| row.rsplit('|').nth(1).expect("a cell").split('`').skip(1).step_by(2)).collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/known");
    let files = std::fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is there").file_name());
    let files = files.map(|file| file.into_string().expect("a name is UTF-8"));
    let failures: BTreeSet<String> = files
        .filter(|file| !file.ends_with("-repaired.toml"))
        .map(|file| file.trim_end_matches(".toml").to_string())
        .collect();
    assert_eq!(named.len(), failures.len(), "each is named once");
    assert_eq!(named.into_iter().map(str::to_string).collect::<BTreeSet<_>>(), failures);
}
