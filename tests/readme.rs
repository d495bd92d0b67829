//! The README shows what the program prints, and names files that exist.

use std::{path::Path, process::Command};

const README: &str = include_str!("../README.md");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_verdict_that_is_explained_is_what_the_program_prints() {
    let shown = README.lines().map(str::trim).skip_while(|line| !line.starts_with("$ tenure check")).skip(1);
    // How large the search was may change with any better way to search.
    let shown: Vec<&str> =
        shown.skip_while(|line| line.is_empty()).take_while(|line| !line.contains("discrete states")).collect();
    let asked = ["check", "models/lease/closed-form.toml", "--property", "hard-death-takeover"];
    assert!(README.contains(&format!("$ tenure {}", asked.join(" "))));
    let run = Command::new(env!("CARGO_BIN_EXE_tenure")).args(asked).current_dir(ROOT).output();
    let printed = String::from_utf8(run.expect("the program starts").stdout).expect("it prints text");
    let printed: Vec<&str> = printed.lines().map(str::trim).take(shown.len()).collect();
    assert_eq!(shown, printed);
    assert!(shown[0].starts_with("HOLDS"));
}

#[test]
fn files_that_are_named_exist() {
    let quoted = README.split('`').skip(1).step_by(2);
    let named = quoted.map(|text| text.split([',', ' ']).next().expect("there is a first part"));
    let named =
        named.filter(|path| ["src/", "examples/", "models/", "docs/"].iter().any(|room| path.starts_with(room)));
    let linked = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let paths: Vec<&str> = named.chain(linked).collect();
    assert!(paths.len() > 10, "the README names files: {paths:?}");
    for path in paths {
        assert!(Path::new(ROOT).join(path).exists(), "{path}");
    }
}
