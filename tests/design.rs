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

#[test]
fn a_condition_says_where_a_formula_is_right() {
    let given = |condition: &str| format!("{}given = \"{condition}\"\n", expectation("store.ttl + 6s", "21s"));
    let text = format!("{BASE}{}", given("2 * network.delay.hi < contender.resend"));
    let design = load(&[("a.toml", &text)], &[]).expect("it is a design");
    let condition = design.expectations[0].given.as_ref().expect("it has a condition");
    assert_eq!(condition.is_met(&design, "one-crash"), Ok(true));
    let slower = load(&[("a.toml", &BASE.replace("250ms", "300ms"))], &[]).expect("it is a design");
    assert_eq!(condition.is_met(&slower, "one-crash"), Ok(false), "as long is not longer");
    refused_with(
        &given("2 * network.delay.hi + 100ms < contender.resend"),
        expect![[r#"
        refused
          × `2 * network.delay.hi + 100ms < contender.resend` is not so in this design: 600ms is not less
          │ than 600ms
            ╭─[a.toml:21:9]
         20 │ because = "store.ttl + 6s"
         21 │ given = "2 * network.delay.hi + 100ms < contender.resend"
            ·         ─────────────────────────────────────────────────
            ╰────
    "#]],
    );
    refused_with(
        &given("network.delay.hi"),
        expect![[r#"
        refused
          × expected `<`
            ╭─[a.toml:21:26]
         20 │ because = "store.ttl + 6s"
         21 │ given = "network.delay.hi"
            ·                          ─
            ╰────
    "#]],
    );
    refused_with(
        "[[expect]]\nproperty = \"hard-death-takeover\"\nunder = \"one-crash\"\nwithin = \"30s\"\nverdict = \"holds\"\n\
         given = \"1s < 2s\"\n",
        expect![[r#"
            refused
              × `given` says where a formula is right, and there is no `because`
                ╭─[a.toml:19:1]
             18 │ verdict = "holds"
             19 │ given = "1s < 2s"
                · ─────
                ╰────
        "#]],
    );
}

fn refused_formula(because: &str, expected: Expect) {
    refused_with(&expectation(because, "21s"), expected);
}

#[test]
fn a_bad_file_is_refused_at_its_place() {
    refused(
        "title = ",
        expect![[r#"
            refused
              × this is not TOML: string values must be quoted, expected literal string
               ╭─[a.toml:1:9]
             1 │ title = 
               ╰────
        "#]],
    );
    refused(
        "title = \"nothing else\"\n",
        expect![[r#"
            refused
              × the key `tenure` is missing
               ╭─[a.toml:1:1]
             1 │ title = "nothing else"
               · ──────────────────────
               ╰────
              help: a design file says `tenure = 1`
        "#]],
    );
    refused_after(
        ("tenure = 1", "tenure = 2"),
        expect![[r#"
            refused
              × expected `tenure = 1`, got the number 2
               ╭─[a.toml:2:10]
             1 │ 
             2 │ tenure = 2
               ·          ─
             3 │ title = "a lease"
               ╰────
              help: this program reads version 1 of the format only
        "#]],
    );
    refused_after(
        ("title", "titel"),
        expect![[r#"
            refused
              × unknown key `titel` in a design file
               ╭─[a.toml:3:1]
             2 │ tenure = 1
             3 │ titel = "a lease"
               · ─────
             4 │ protocol = "lease"
               ╰────
              help: did you mean "title"?
        "#]],
    );
    refused_after(
        ("\"lease\"", "\"leese\""),
        expect![[r#"
            refused
              × unknown protocol "leese"
               ╭─[a.toml:4:12]
             3 │ title = "a lease"
             4 │ protocol = "leese"
               ·            ───────
             5 │ [design]
               ╰────
              help: did you mean "lease"?
        "#]],
    );
    refused_after(
        ("contenders = 2", "contenders = 2\nstor = 1"),
        expect![[r#"
            refused
              × unknown key `stor`
               ╭─[a.toml:7:1]
             6 │ contenders = 2
             7 │ stor = 1
               · ────
             8 │ store = { ttl = "15s" }
               ╰────
              help: did you mean "store"?
        "#]],
    );
    refused_after(
        ("contenders = 2", "contenders = 2.5"),
        expect![[r#"
            refused
              × numbers with a fraction are not read
               ╭─[a.toml:6:14]
             5 │ [design]
             6 │ contenders = 2.5
               ·              ───
             7 │ store = { ttl = "15s" }
               ╰────
              help: write a span with a unit, such as "1.5s", and a rate as "1.5%"
        "#]],
    );
    refused_after(
        ("contenders = 2", "contenders = 251"),
        expect![[r#"
            refused
              × design.contenders: expected a number from 1 to 250, got 251
               ╭─[a.toml:6:14]
             5 │ [design]
             6 │ contenders = 251
               ·              ───
             7 │ store = { ttl = "15s" }
               ╰────
        "#]],
    );
    refused_after(
        ("ttl = \"15s\"", "tll = \"15s\""),
        expect![[r#"
            refused
              × unknown key `tll`
               ╭─[a.toml:7:11]
             6 │ contenders = 2
             7 │ store = { tll = "15s" }
               ·           ───
             8 │ contender = { lease = "15s", renew = "5s", retry = "5s", resend = "600ms" }
               ╰────
              help: did you mean "ttl"?
        "#]],
    );
    refused_after(
        ("ttl = \"15s\"", "ttl = \"15sec\""),
        expect![[r#"
            refused
              × unknown unit "sec"; the units are us, ms, s, m and h
               ╭─[a.toml:7:17]
             6 │ contenders = 2
             7 │ store = { ttl = "15sec" }
               ·                 ───────
             8 │ contender = { lease = "15s", renew = "5s", retry = "5s", resend = "600ms" }
               ╰────
        "#]],
    );
    refused_after(
        ("ttl = \"15s\"", "ttl = 15"),
        expect![[r#"
            refused
              × expected a text, got the number 15
               ╭─[a.toml:7:17]
             6 │ contenders = 2
             7 │ store = { ttl = 15 }
               ·                 ──
             8 │ contender = { lease = "15s", renew = "5s", retry = "5s", resend = "600ms" }
               ╰────
              help: a span is a text with a unit, such as "10s"
        "#]],
    );
    refused_after(
        ("ttl = \"15s\"", ""),
        expect![[r#"
            refused
              × the key `ttl` is missing
               ╭─[a.toml:7:9]
             6 │ contenders = 2
             7 │ store = {  }
               ·         ────
             8 │ contender = { lease = "15s", renew = "5s", retry = "5s", resend = "600ms" }
               ╰────
        "#]],
    );
    refused_after(
        ("0ms..250ms", "300ms..250ms"),
        expect![[r#"
            refused
              × the window begins at 300ms but ends at 250ms; write the smaller span first
                ╭─[a.toml:10:9]
              9 │ [network]
             10 │ delay = "300ms..250ms"
                ·         ──────────────
             11 │ [ledger.calm]
                ╰────
        "#]],
    );
    refused_after(
        ("delay =", "dealy ="),
        expect![[r#"
            refused
              × unknown key `dealy`
                ╭─[a.toml:10:1]
              9 │ [network]
             10 │ dealy = "0ms..250ms"
                · ─────
             11 │ [ledger.calm]
                ╰────
              help: did you mean "delay"?
        "#]],
    );
    refused_with(
        "[override]\nstore.ttl = \"1s\"\n",
        expect![[r#"
            refused
              × `[override]` without a file to override
                ╭─[a.toml:14:2]
             13 │ crash = { at_most = 1, restart = "5s..10s" }
             14 │ [override]
                ·  ────────
             15 │ store.ttl = "1s"
                ╰────
              help: say which with `extends = "file.toml"`, or change the values themselves
        "#]],
    );
}

#[test]
fn a_bad_ledger_is_refused_at_its_place() {
    refused_after(
        ("crash = {", "crahs = {"),
        expect![[r#"
            refused
              × unknown key `crahs` in the ledger "one-crash"
                ╭─[a.toml:13:1]
             12 │ [ledger.one-crash]
             13 │ crahs = { at_most = 1, restart = "5s..10s" }
                · ─────
                ╰────
              help: did you mean "crash"?
        "#]],
    );
    refused_after(
        ("restart =", "for ="),
        expect![[r#"
            refused
              × unknown key `for` in `crash`
                ╭─[a.toml:13:24]
             12 │ [ledger.one-crash]
             13 │ crash = { at_most = 1, for = "5s..10s" }
                ·                        ───
                ╰────
              help: known here: at_most, within, restart, nodes
        "#]],
    );
    refused_after(
        ("at_most = 1", "at_most = 251"),
        expect![[r#"
            refused
              × expected 0 to 250, got the number 251
                ╭─[a.toml:13:21]
             12 │ [ledger.one-crash]
             13 │ crash = { at_most = 251, restart = "5s..10s" }
                ·                     ───
                ╰────
        "#]],
    );
    refused_after(
        ("at_most = 1", "at_most = 1, nodes = [\"A\", \"Z\"]"),
        expect![[r#"
            refused
              × ledger.crash.nodes: expected some of A, B, got "Z"
                ╭─[a.toml:13:32]
             12 │ [ledger.one-crash]
             13 │ crash = { at_most = 1, nodes = ["A", "Z"], restart = "5s..10s" }
                ·                                ──────────
                ╰────
        "#]],
    );
    refused_with(
        "pause = 1\n",
        expect![[r#"
            refused
              × `pause` needs a `for`: how long it lasts
                ╭─[a.toml:14:9]
             13 │ crash = { at_most = 1, restart = "5s..10s" }
             14 │ pause = 1
                ·         ─
                ╰────
              help: for example pause = { at_most = 1, for = "0s..30s" }
        "#]],
    );
    refused_with(
        "drift = \"100%\"\n",
        expect![[r#"
            refused
              × expected a rate below 100%, such as "1%" or "200ppm", got "100%"
                ╭─[a.toml:14:9]
             13 │ crash = { at_most = 1, restart = "5s..10s" }
             14 │ drift = "100%"
                ·         ──────
                ╰────
        "#]],
    );
    refused_with(
        "[ledger.a]\nextends = \"b\"\n[ledger.b]\nextends = \"a\"\n",
        expect![[r#"
            refused
              × ledgers extend each other in a circle: a -> b -> a
                ╭─[a.toml:17:11]
             16 │ [ledger.b]
             17 │ extends = "a"
                ·           ───
                ╰────
              help: one of them has to be whole, without `extends`
        "#]],
    );
    refused_with(
        "[ledger.a]\nextends = \"one-crsh\"\n",
        expect![[r#"
            refused
              × unknown ledger "one-crsh"
                ╭─[a.toml:15:11]
             14 │ [ledger.a]
             15 │ extends = "one-crsh"
                ·           ──────────
                ╰────
              help: did you mean "one-crash"?
        "#]],
    );
}

#[test]
fn a_bad_expectation_is_refused_at_its_place() {
    let expectation = |keys: &str| format!("[[expect]]\n{keys}\n");
    let refused = |keys: &str, expected| refused_with(&expectation(keys), expected);
    refused(
        "property = \"at-most-one-acts\"\nunder = \"clam\"\nverdict = \"holds\"",
        expect![[r#"
            refused
              × unknown ledger "clam"
                ╭─[a.toml:16:9]
             15 │ property = "at-most-one-acts"
             16 │ under = "clam"
                ·         ──────
             17 │ verdict = "holds"
                ╰────
              help: did you mean "calm"?
        "#]],
    );
    refused(
        "property = \"at-most-two-act\"\nunder = \"calm\"\nverdict = \"holds\"",
        expect![[r#"
            refused
              × the protocol "lease" has no property "at-most-two-act"
                ╭─[a.toml:15:12]
             14 │ [[expect]]
             15 │ property = "at-most-two-act"
                ·            ─────────────────
             16 │ under = "calm"
                ╰────
              help: did you mean "at-most-one-acts"?
        "#]],
    );
    refused(
        "property = \"at-most-one-acts\"\nunder = \"calm\"\nverdict = \"unknown\"",
        expect![[r#"
            refused
              × expected one of "holds", "touches", "violated", "never", "unbounded", "exceeds", "time-stuck",
              │ "protocol-error", "vacuous", got "unknown"
                ╭─[a.toml:17:11]
             16 │ under = "calm"
             17 │ verdict = "unknown"
                ·           ─────────
                ╰────
        "#]],
    );
    refused(
        "property = \"at-most-one-acts\"\nunder = \"calm\"\nverdict = \"holds\"\nwithin = \"1s\"",
        expect![[r#"
            refused
              × "at-most-one-acts" takes no `within`: it is no bound
                ╭─[a.toml:18:10]
             17 │ verdict = "holds"
             18 │ within = "1s"
                ·          ────
                ╰────
        "#]],
    );
    refused(
        "property = \"hard-death-takeover\"\nunder = \"calm\"\nverdict = \"holds\"",
        expect![[r#"
            refused
              × "hard-death-takeover" is a bound: the key `within` is missing
                ╭─[a.toml:14:1]
             13 │ crash = { at_most = 1, restart = "5s..10s" }
             14 │ [[expect]]
                · ──────────
             15 │ property = "hard-death-takeover"
                ╰────
        "#]],
    );
    refused(
        "property = \"at-most-one-acts\"\nunder = \"calm\"\nverdict = \"holds\"\nbecause = \"1s\"",
        expect![[r#"
            refused
              × `because` explains `worst`, which is missing
                ╭─[a.toml:18:1]
             17 │ verdict = "holds"
             18 │ because = "1s"
                · ───────
                ╰────
        "#]],
    );
}

#[test]
fn a_bad_formula_is_refused_at_its_place() {
    refused_formula(
        "store.ttl +",
        expect![[r#"
            refused
              × expected a number, a span, a path of the design, `min(`, `max(` or `(`
                ╭─[a.toml:20:23]
             19 │ worst = "21s"
             20 │ because = "store.ttl +"
                ·                       ─
                ╰────
        "#]],
    );
    refused_formula(
        "store.ttl contender.retry",
        expect![[r#"
            refused
              × expected `+`, `-`, `*` or the end
                ╭─[a.toml:20:22]
             19 │ worst = "21s"
             20 │ because = "store.ttl contender.retry"
                ·                      ───────────────
                ╰────
        "#]],
    );
    refused_formula(
        "store.tll + 1s",
        expect![[r#"
            refused
              × there is no `store.tll` to count with
                ╭─[a.toml:20:12]
             19 │ worst = "21s"
             20 │ because = "store.tll + 1s"
                ·            ─────────
                ╰────
              help: did you mean "store.ttl"?
        "#]],
    );
    refused_formula(
        "network.delay",
        expect![[r#"
            refused
              × `network.delay` is a window; say `network.delay.lo` or `network.delay.hi`
                ╭─[a.toml:20:12]
             19 │ worst = "21s"
             20 │ because = "network.delay"
                ·            ─────────────
                ╰────
        "#]],
    );
    refused_formula(
        "store.ttl * contender.retry",
        expect![[r#"
            refused
              × a span times a span is no span
                ╭─[a.toml:20:22]
             19 │ worst = "21s"
             20 │ because = "store.ttl * contender.retry"
                ·                      ─
                ╰────
        "#]],
    );
    refused_formula(
        "store.ttl + 4",
        expect![[r#"
            refused
              × a span and a plain number do not go together
                ╭─[a.toml:20:22]
             19 │ worst = "21s"
             20 │ because = "store.ttl + 4"
                ·                      ─
                ╰────
        "#]],
    );
    refused_formula(
        "contenders",
        expect![[r#"
            refused
              × the formula gives a number, not a span
                ╭─[a.toml:20:12]
             19 │ worst = "21s"
             20 │ because = "contenders"
                ·            ──────────
                ╰────
        "#]],
    );
    refused_formula(
        "1s - store.ttl",
        expect![[r#"
            refused
              × the formula gives less than nothing
                ╭─[a.toml:20:15]
             19 │ worst = "21s"
             20 │ because = "1s - store.ttl"
                ·               ─
                ╰────
        "#]],
    );
    refused_formula(
        "min(1s, 3parsecs)",
        expect![[r#"
            refused
              × unknown unit "parsecs"; the units are us, ms, s, m and h
                ╭─[a.toml:20:20]
             19 │ worst = "21s"
             20 │ because = "min(1s, 3parsecs)"
                ·                    ────────
                ╰────
        "#]],
    );
}

#[test]
fn a_bad_set_is_refused_with_the_nearest_path() {
    refused_set(
        "store.tll=1s",
        expect![[r#"
            refused
              × unknown key `tll`
               ╭─[--set:1:7]
             1 │ store.tll = "1s"
               ·       ───
               ╰────
              help: did you mean "ttl"?
        "#]],
    );
    refused_set(
        "netwrk.delay=1s",
        expect![[r#"
            refused
              × the design has no `design.netwrk.delay`
               ╭─[--set:1:1]
             1 │ netwrk.delay = "1s"
               · ──────
               ╰────
              help: did you mean "network.delay"?
        "#]],
    );
    refused_set(
        "ledger.one-crahs.crash=2",
        expect![[r#"
            refused
              × the design has no `ledger.one-crahs.crash`
               ╭─[--set:1:8]
             1 │ ledger.one-crahs.crash = 2
               ·        ─────────
               ╰────
              help: did you mean "ledger.one-crash.crash.at_most"?
        "#]],
    );
    refused_set(
        "store.ttl",
        expect![[r#"
            refused
              × expected PATH=VALUE
               ╭─[--set:1:1]
             1 │ store.ttl
               · ─────────
               ╰────
              help: for example `--set network.delay=0ms..1s`
        "#]],
    );
    refused_set(
        "store.ttl=0..5s",
        expect![[r#"
            refused
              × expected a whole number with a unit (us, ms, s, m, h), such as "250ms", or "never"; got
              │ "0..5s"
               ╭─[--set:1:13]
             1 │ store.ttl = "0..5s"
               ·             ───────
               ╰────
        "#]],
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
