//! Plants defects into a copy of the checker, one at a time, and sees whether the tests named for them fail.
//!
//! `cargo run --release --example mutants [NAME]..` reads `tests/mutants.toml`. A mutant that survives is a test that
//! cannot fail; one whose test does not end is killed. Every test must pass first where nothing is planted: one that
//! fails anyway kills nothing.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A test takes seconds. With a defect it may never end, which is no way to pass.
const LONGEST: Duration = Duration::from_secs(300);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

/// One planted defect.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    /// What is wrong about it.
    about: String,
    file: String,
    /// Stands in the file exactly once.
    find: String,
    replace: String,
    /// Arguments of `cargo test`, the last one the name of the test.
    test: Vec<String>,
}

enum Fate {
    Killed,
    Survived,
    Broken(String),
}

const COPIED: [&str; 13] = [
    "Cargo.toml",
    "Cargo.lock",
    "rustfmt.toml",
    "src",
    "tests",
    "derive",
    "sims",
    "examples",
    "models",
    "docs",
    "benches",
    "README.md",
    ".cargo",
];

fn main() -> ExitCode {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let copy = root.join("target/mutants/tenure");
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let text = fs::read_to_string(root.join("tests/mutants.toml")).expect("tests/mutants.toml can be read");
    let list: List = toml::from_str(&text).expect("tests/mutants.toml is a list of mutants");
    refresh(&root, &copy);
    let mutants: Vec<&Mutant> =
        list.mutant.iter().filter(|mutant| wanted.is_empty() || wanted.contains(&mutant.name)).collect();
    let unknown = wanted.iter().find(|name| list.mutant.iter().all(|mutant| mutant.name != **name));
    assert!(unknown.is_none(), "no mutant is called {unknown:?}");
    // Compiling may take longer than a test may.
    let passes = |mutant: &Mutant| run_cargo(&copy, mutant, true) && run_cargo(&copy, mutant, false);
    let sick: Vec<&Mutant> = mutants.iter().copied().filter(|mutant| !passes(mutant)).collect();
    for mutant in &sick {
        println!("{:9} {:28} its test fails without it  [{}]", "BROKEN", mutant.name, mutant.test.join(" "));
    }
    if !sick.is_empty() {
        return ExitCode::FAILURE;
    }
    let (begun_all, mut killed, mut alive) = (Instant::now(), 0, 0);
    for mutant in mutants {
        let begun = Instant::now();
        let (word, detail) = match try_out(&root, &copy, mutant) {
            Fate::Killed => ("killed", mutant.test.join(" ")),
            Fate::Survived => ("SURVIVED", mutant.test.join(" ")),
            Fate::Broken(why) => ("BROKEN", why),
        };
        if word == "killed" {
            killed += 1;
        } else {
            alive += 1;
        }
        println!("{word:9} {:28} {:5.1} s  {}  [{detail}]", mutant.name, begun.elapsed().as_secs_f32(), mutant.about);
    }
    println!("{killed} killed, {alive} not killed, {:.0} s", begun_all.elapsed().as_secs_f32());
    if alive == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Copies the workspace, so that the real one is never touched.
fn refresh(root: &Path, copy: &Path) {
    let _ = fs::remove_dir_all(copy);
    fs::create_dir_all(copy).expect("target can be written");
    for entry in COPIED.iter().map(|entry| root.join(entry)).filter(|entry| entry.exists()) {
        let status = Command::new("cp").arg("-R").arg(&entry).arg(copy).status().expect("cp runs");
        assert!(status.success(), "{} cannot be copied", entry.display());
    }
}

fn try_out(root: &Path, copy: &Path, mutant: &Mutant) -> Fate {
    let path = copy.join(&mutant.file);
    let Ok(original) = fs::read_to_string(root.join(&mutant.file)) else {
        return Fate::Broken(format!("{} cannot be read", mutant.file));
    };
    let count = original.matches(&mutant.find).count();
    if count != 1 {
        return Fate::Broken(format!("its text stands {count} times in {}", mutant.file));
    }
    fs::write(&path, original.replacen(&mutant.find, &mutant.replace, 1)).expect("the copy can be written");
    let compiled = run_cargo(copy, mutant, true);
    let passed = compiled && run_cargo(copy, mutant, false);
    fs::write(&path, original).expect("the copy can be written");
    match (compiled, passed) {
        (false, _) => Fate::Broken("it does not compile".into()),
        (true, true) => Fate::Survived,
        (true, false) => Fate::Killed,
    }
}

fn run_cargo(copy: &Path, mutant: &Mutant, only_compile: bool) -> bool {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(copy).env("CARGO_TARGET_DIR", copy.parent().expect("a parent").join("target"));
    // From one mutant to the next little changes.
    command.env("CARGO_INCREMENTAL", "1");
    // Each mutant is compiled once and runs one small test: what it depends on stays optimised, it is not.
    for setting in ["opt-level=0", "debug=false"] {
        command.args(["--config", &format!("profile.test.package.tenure.{setting}")]);
    }
    command.args(["test", "-q"]).stdout(Stdio::null()).stderr(Stdio::null());
    if only_compile {
        command.arg("--no-run");
    }
    command.args(&mutant.test).process_group(0);
    let mut running = command.spawn().expect("cargo runs");
    let begun = Instant::now();
    loop {
        if let Some(status) = running.try_wait().expect("cargo is a child") {
            return status.success();
        }
        if !only_compile && begun.elapsed() > LONGEST {
            // With the test that it started.
            let group = format!("-{}", running.id());
            Command::new("kill").args(["-KILL", "--", &group]).status().expect("kill runs");
            running.wait().expect("cargo is a child");
            return false;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
