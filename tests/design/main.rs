//! Design files: what is read, and how what is wrong is refused.

mod formulas;
mod refusals;

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
    tenure::own()
}

/// Reads the first file.
fn load(files: &[(&'static str, &str)], assignments: &[&str]) -> Result<Resolved, String> {
    let assignments: Vec<String> = assignments.iter().map(|text| (*text).into()).collect();
    app()
        .load(shelf(files), files[0].0, &assignments)
        .map_err(|refusal| format!("refused\n{}", refusal.render(false, 100)))
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
    expect![[r#"
        tenure = 1
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
    "#]]
    .assert_eq(&design.text());
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
        ["delay 0s..250ms", "drift up to 1%", "crash at most 1 in all, restart after 5s..10s", "loss at most 2 in all"]
    );
}

#[test]
fn files_that_extend_each_other_are_refused() {
    let child = |base: &str| format!("tenure = 1\nextends = \"{base}\"\n");
    let (a, b) = (child("b.toml"), child("a.toml"));
    expect![[r#"
        refused
          × files extend each other in a circle: a.toml -> b.toml -> a.toml
           ╭─[b.toml:2:11]
         1 │ tenure = 1
         2 │ extends = "a.toml"
           ·           ────────
           ╰────
          help: one of them has to be whole, without `extends`
    "#]]
    .assert_eq(&load(&[("a.toml", &a), ("b.toml", &b)], &[]).expect_err("it is refused"));
    expect![[r#"
        refused
          × cannot read b.toml: it is not in the catalogue of this program
           ╭─[a.toml:2:11]
         1 │ tenure = 1
         2 │ extends = "b.toml"
           ·           ────────
           ╰────
    "#]]
    .assert_eq(&load(&[("a.toml", &a)], &[]).expect_err("it is refused"));
    let own = format!("{}[network]\ndelay = \"1s\"\n", child("b.toml"));
    expect![[r#"
        refused
          × a file that extends another has no `network` of its own
           ╭─[a.toml:3:2]
         2 │ extends = "b.toml"
         3 │ [network]
           ·  ───────
         4 │ delay = "1s"
           ╰────
          help: put what it changes into [override]
    "#]]
    .assert_eq(&load(&[("a.toml", &own), ("b.toml", BASE)], &[]).expect_err("it is refused"));
    let unknown = format!("{}[override]\nstor.ttl = \"1s\"\n", child("b.toml"));
    expect![[r#"
        refused
          × the design has no `design.stor.ttl`
           ╭─[a.toml:4:1]
         3 │ [override]
         4 │ stor.ttl = "1s"
           · ────
           ╰────
          help: did you mean "store.ttl"?
    "#]]
    .assert_eq(&load(&[("a.toml", &unknown), ("b.toml", BASE)], &[]).expect_err("it is refused"));
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
