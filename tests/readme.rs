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
fn the_changed_verdicts_are_what_the_program_prints() {
    let folder = Path::new(ROOT).join("target/tenure/readme");
    std::fs::create_dir_all(&folder).expect("target can be written");
    let design = std::fs::read_to_string(Path::new(ROOT).join("models/lease/recommended.toml")).expect("it is there");
    assert!(design.contains("store = { ttl = \"10s\" }"), "{design}");
    std::fs::write(folder.join("my-lock.toml"), design.replace("ttl = \"10s\"", "ttl = \"9s\""))
        .expect("it is written");
    let tenure = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        let run = command.args(arguments.split(' ')).current_dir(&folder).output().expect("the program starts");
        assert_eq!(run.status.code(), Some(1), "{arguments}");
        String::from_utf8(run.stdout).expect("it prints text")
    };
    let printed = tenure("check my-lock.toml");
    let shown = README.lines().skip_while(|line| !line.starts_with("3. Read the changed verdicts")).skip(1);
    let shown = shown.take_while(|line| !line.starts_with("   The take-over")).map(str::trim);
    let shown: Vec<&str> = shown.filter(|line| !line.is_empty() && *line != "...").collect();
    assert!(shown.len() > 10, "{shown:?}");
    let lines: Vec<&str> = printed.lines().map(str::trim).collect();
    for line in shown {
        assert!(lines.contains(&line), "{line:?} is not in\n{printed}");
    }
    let remedy = "check my-lock.toml --set design.contender.lease=8200ms --property at-most-one-acts";
    let margin = README.split("with a margin of ").nth(1).and_then(|rest| rest.split(". ").next());
    let margin = format!("margin {}", margin.expect("the README names it"));
    assert!(README.contains(remedy) && tenure(remedy).contains(&margin), "{margin}");
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
