//! Formulas of expectations, and where they are right.

use expect_test::{Expect, expect};

use super::{BASE, load, refused_with};

fn expectation(because: &str, worst: &str) -> String {
    format!(
        "[[expect]]\nproperty = \"hard-death-takeover\"\nunder = \"one-crash\"\nwithin = \"30s\"\nverdict = \"holds\"\n\
         worst = \"{worst}\"\nbecause = \"{because}\"\n"
    )
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

#[test]
fn a_condition_says_where_a_formula_is_right() {
    let given = |condition: &str| format!("{}given = \"{condition}\"\n", expectation("store.ttl + 6s", "21s"));
    let text = format!("{BASE}{}", given("2 * network.delay.hi < contender.resend"));
    let design = load(&[("a.toml", &text)], &[]).expect("it is a design");
    let condition = design.expectations[0].given.as_ref().expect("it has a condition");
    assert_eq!(condition.is_met(&design, "one-crash"), Ok(true));
    let as_long =
        load(&[("a.toml", &format!("{BASE}{}", given("4 * network.delay.hi <= contender.resend + 400ms")))], &[]);
    assert!(as_long.is_ok(), "1 s is no more than 1 s: {as_long:?}");
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
