//! Design files: what is read, and how what is wrong is refused.

use std::path::Path;

use expect_test::{Expect, expect};
use tenure::{
    App,
    design::{Resolved, Shelf},
    include_dir::{Dir, DirEntry, File},
};

const BASE: &str = r#"
tenure = 1
title = "a lease"
protocol = "lease"
[design]
contenders = 2
store = { ttl = "15s" }
contender = { lease = "15s", renew = "5s", retry = "5s", resend = "600ms" }
[network]
delay = "0ms..250ms"
[ledger.calm]
[ledger.one-crash]
crash = { at_most = 1, restart = "5s..10s" }
"#;

/// A shelf with these files.
fn shelf(files: &[(&'static str, &str)]) -> Shelf {
    let file = |(name, text): &(&'static str, &str)| {
        DirEntry::File(File::new(name, Box::leak(text.as_bytes().to_vec().into_boxed_slice())))
    };
    let entries: Vec<DirEntry<'static>> = files.iter().map(file).collect();
    Shelf::Embedded(Box::leak(Box::new(Dir::new("", entries.leak()))))
}

fn app() -> App {
    App::new().protocol(tenure::lease::protocol())
}

/// Reads the first file.
fn load(files: &[(&'static str, &str)], assignments: &[&str]) -> Result<Resolved, String> {
    let assignments: Vec<String> = assignments.iter().map(|text| (*text).into()).collect();
    app().load(shelf(files), files[0].0, &assignments).map_err(|refusal| refusal.render(false, 100))
}

fn refused(text: &str, expected: Expect) {
    expected.assert_eq(&load(&[("a.toml", text)], &[]).expect_err("it is refused"));
}

fn refused_after(change: (&str, &str), expected: Expect) {
    assert!(BASE.contains(change.0), "the base has it");
    refused(&BASE.replace(change.0, change.1), expected);
}

fn refused_with(more: &str, expected: Expect) {
    refused(&format!("{BASE}{more}"), expected);
}

fn refused_set(assignment: &str, expected: Expect) {
    expected.assert_eq(&load(&[("a.toml", BASE)], &[assignment]).expect_err("it is refused"));
}

#[test]
fn a_design_and_its_text_are_the_same_design() {
    let design = load(&[("a.toml", BASE)], &[]).expect("it is a design");
    expect![].assert_eq(&design.text());
    let again = Resolved::from_text("again", &design.text()).expect("the text is a design");
    assert_eq!((again.text(), again.hash()), (design.text(), design.hash()));
}

#[test]
fn an_override_and_a_set_change_the_same_keys() {
    let child = "tenure = 1\nextends = \"a.toml\"\n[override]\nstore.ttl = \"20s\"\nledger.calm.loss = 1\n";
    let child = load(&[("b.toml", child), ("a.toml", BASE)], &[]).expect("it is a design");
    let set = load(&[("a.toml", BASE)], &["design.store.ttl=20s", "ledger.calm.loss = 1"]).expect("it is a design");
    assert_eq!(child.text(), set.text());
    let base = child.base.expect("it extends a file");
    assert_eq!(base.overridden, ["design.store.ttl", "ledger.calm.loss"]);
    assert_ne!(base.design.hash(), set.hash());
}

#[test]
fn a_ledger_has_what_the_one_it_extends_has() {
    let more = "[ledger.both]\nextends = \"one-crash\"\ndrift = \"1%\"\nloss = 2\n";
    let design = load(&[("a.toml", &format!("{BASE}{more}"))], &[]).expect("it is a design");
    let builder = design.builder("both", &[]).expect("it is a ledger");
    assert_eq!(
        tenure::design::ledger_lines(&builder),
        [
            "delay 0s..250ms",
            "drift 10000 ppm",
            "crash at most 1 in all, restart after 5s..10s",
            "loss at most 2 in all"
        ]
    );
}

#[test]
fn a_formula_counts_with_the_design() {
    for (formula, worst) in [
        ("store.ttl + 4 * network.delay.hi + contender.retry", "21s"),
        ("design.store.ttl - contender.resend", "14400ms"),
        ("max(store.ttl, 16s, min(1s, 2s)) + contenders * 250ms", "16500ms"),
        ("2 * (ledger.crash.restart.hi - ledger.crash.restart.lo)", "10s"),
        ("ledger.crash.at_most * contender.renew.lo", "5s"),
    ] {
        let expectation = expectation(formula, worst);
        let design = load(&[("a.toml", &format!("{BASE}{expectation}"))], &[]).expect("it is a design");
        let formula = design.expectations[0].because.as_ref().expect("it has a formula");
        assert_eq!(formula.evaluate(&design, "one-crash"), Ok(worst.parse().expect("a span")));
    }
}

fn expectation(because: &str, worst: &str) -> String {
    format!(
        "[[expect]]\nproperty = \"hard-death-takeover\"\nunder = \"one-crash\"\nwithin = \"30s\"\nverdict = \"holds\"\n\
         worst = \"{worst}\"\nbecause = \"{because}\"\n"
    )
}

fn refused_formula(because: &str, expected: Expect) {
    refused_with(&expectation(because, "21s"), expected);
}

#[test]
fn a_bad_file_is_refused_at_its_place() {
    refused("title = ", expect![]);
    refused("title = \"nothing else\"\n", expect![]);
    refused_after(("tenure = 1", "tenure = 2"), expect![]);
    refused_after(("title", "titel"), expect![]);
    refused_after(("\"lease\"", "\"leese\""), expect![]);
    refused_after(("contenders = 2", "contenders = 2\nstor = 1"), expect![]);
    refused_after(("contenders = 2", "contenders = 2.5"), expect![]);
    refused_after(("contenders = 2", "contenders = 200"), expect![]);
    refused_after(("ttl = \"15s\"", "tll = \"15s\""), expect![]);
    refused_after(("ttl = \"15s\"", "ttl = \"15sec\""), expect![]);
    refused_after(("ttl = \"15s\"", "ttl = 15"), expect![]);
    refused_after(("ttl = \"15s\"", ""), expect![]);
    refused_after(("0ms..250ms", "300ms..250ms"), expect![]);
    refused_after(("delay =", "dealy ="), expect![]);
    refused_with("[override]\nstore.ttl = \"1s\"\n", expect![]);
}

#[test]
fn a_bad_ledger_is_refused_at_its_place() {
    refused_after(("crash = {", "crahs = {"), expect![]);
    refused_after(("restart =", "for ="), expect![]);
    refused_after(("at_most = 1", "at_most = 251"), expect![]);
    refused_after(("at_most = 1", "at_most = 1, nodes = [\"A\", \"Z\"]"), expect![]);
    refused_with("pause = 1\n", expect![]);
    refused_with("drift = \"100%\"\n", expect![]);
    refused_with("[ledger.a]\nextends = \"b\"\n[ledger.b]\nextends = \"a\"\n", expect![]);
    refused_with("[ledger.a]\nextends = \"one-crsh\"\n", expect![]);
}

#[test]
fn a_bad_expectation_is_refused_at_its_place() {
    let expectation = |keys: &str| format!("[[expect]]\n{keys}\n");
    let refused = |keys: &str, expected| refused_with(&expectation(keys), expected);
    refused("property = \"at-most-one-acts\"\nunder = \"clam\"\nverdict = \"holds\"", expect![]);
    refused("property = \"at-most-two-act\"\nunder = \"calm\"\nverdict = \"holds\"", expect![]);
    refused("property = \"at-most-one-acts\"\nunder = \"calm\"\nverdict = \"unknown\"", expect![]);
    refused("property = \"at-most-one-acts\"\nunder = \"calm\"\nverdict = \"holds\"\nwithin = \"1s\"", expect![]);
    refused("property = \"hard-death-takeover\"\nunder = \"calm\"\nverdict = \"holds\"", expect![]);
    refused("property = \"at-most-one-acts\"\nunder = \"calm\"\nverdict = \"holds\"\nbecause = \"1s\"", expect![]);
}

#[test]
fn a_bad_formula_is_refused_at_its_place() {
    refused_formula("store.ttl +", expect![]);
    refused_formula("store.ttl contender.retry", expect![]);
    refused_formula("store.tll + 1s", expect![]);
    refused_formula("network.delay", expect![]);
    refused_formula("store.ttl * contender.retry", expect![]);
    refused_formula("store.ttl + 4", expect![]);
    refused_formula("contenders", expect![]);
    refused_formula("1s - store.ttl", expect![]);
    refused_formula("min(1s, 3parsecs)", expect![]);
}

#[test]
fn a_bad_set_is_refused_with_the_nearest_path() {
    refused_set("store.tll=1s", expect![]);
    refused_set("netwrk.delay=1s", expect![]);
    refused_set("ledger.one-crahs.crash=2", expect![]);
    refused_set("store.ttl", expect![]);
    refused_set("store.ttl=0..5s", expect![]);
}

#[test]
fn files_that_extend_each_other_are_refused() {
    let child = |base: &str| format!("tenure = 1\nextends = \"{base}\"\n");
    let (a, b) = (child("b.toml"), child("a.toml"));
    expect![].assert_eq(&load(&[("a.toml", &a), ("b.toml", &b)], &[]).expect_err("it is refused"));
    expect![].assert_eq(&load(&[("a.toml", &a)], &[]).expect_err("it is refused"));
    let own = format!("{}[network]\ndelay = \"1s\"\n", child("b.toml"));
    expect![].assert_eq(&load(&[("a.toml", &own), ("b.toml", BASE)], &[]).expect_err("it is refused"));
    let unknown = format!("{}[override]\nstor.ttl = \"1s\"\n", child("b.toml"));
    expect![].assert_eq(&load(&[("a.toml", &unknown), ("b.toml", BASE)], &[]).expect_err("it is refused"));
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let folder = tempfile();
    let path = folder.join("latin.toml");
    std::fs::write(&path, b"tenure = 1\ntitle = \"caf\xe9\"\n").expect("the folder is there");
    let refusal = app().load(Shelf::Disk, &path.to_string_lossy(), &[]).expect_err("it is refused");
    assert!(refusal.message().ends_with("latin.toml is not UTF-8: line 2 has the byte 0xe9"), "{refusal}");
    let refusal = app().load(Shelf::Disk, "nowhere.toml", &[]).expect_err("it is refused");
    assert_eq!(refusal.message(), "cannot read nowhere.toml: No such file or directory (os error 2)");
}

fn tempfile() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("design");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}
