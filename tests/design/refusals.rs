//! What is wrong in a file is refused at its place.

use expect_test::expect;

use super::{refused, refused_after, refused_set, refused_with};

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
fn a_bad_set_is_refused_with_the_nearest_path() {
    refused_set(
        "store={}",
        expect![[r#"
            refused
              × an empty table changes nothing: tables are merged
               ╭─[--set:1:1]
             1 │ store={}
               · ────────
               ╰────
              help: name one of its keys, and a value
        "#]],
    );
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
