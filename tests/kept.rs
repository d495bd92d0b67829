//! Stories that were kept as regressions are as they were: each is run again, whatever its seed was.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const SEEDS: &str = "sims/seeds";

fn tenure(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A copy of the kept stories, in a folder of its own.
fn copied(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old run's folder can go");
    }
    fs::create_dir_all(&folder).expect("folders can be made");
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(SEEDS)).expect("the folder is there") {
        let path = entry.expect("it is there").path();
        fs::copy(&path, folder.join(path.file_name().expect("a file has a name"))).expect("it can be copied");
    }
    folder
}

#[test]
fn every_kept_story_is_as_it_was() {
    let run = tenure(&["replay", SEEDS]);
    assert_eq!(run.status.code(), Some(0), "{}{}", text(&run.stdout), text(&run.stderr));
    let listed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SEEDS).join("kept.txt"));
    let listed = listed.expect("there is a list");
    let traces = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(SEEDS)).expect("the folder is there");
    for trace in traces.map(|entry| entry.expect("it is there").file_name().to_string_lossy().into_owned()) {
        assert!(trace == "kept.txt" || listed.contains(&trace), "{trace} is not in the list");
    }
}

#[test]
fn a_story_that_was_mended_and_is_possible_is_back() {
    let folder = copied("kept-back");
    let list = folder.join("kept.txt");
    let listed = fs::read_to_string(&list).expect("there is a list");
    fs::write(&list, listed.replacen("  violated  ", "  mended  ", 1)).expect("it can be written");
    let run = tenure(&["replay", &folder.to_string_lossy()]);
    assert_eq!(run.status.code(), Some(1), "{}", text(&run.stdout));
    assert!(text(&run.stdout).contains("IT IS BACK"), "{}", text(&run.stdout));
}

#[test]
fn a_story_that_does_not_happen_any_more_is_told_and_may_be_mended() {
    let folder = copied("kept-mended");
    let list = folder.join("kept.txt");
    let listed = fs::read_to_string(&list).expect("there is a list");
    let line = listed.lines().find(|line| line.contains("  violated  ")).expect("one is kept");
    let trace = line.split_whitespace().nth(2).expect("it names its trace");
    let path = folder.join(trace);
    let story = fs::read_to_string(&path).expect("it is there");
    // Its second step comes before time.
    let second = story.match_indices("\"at\": ").nth(1).expect("it has two steps").0;
    let changed = format!("{}\"at\": -1{}", &story[..second], &story[second + 6..].trim_start_matches([' ', '-']));
    fs::write(&path, changed).expect("it can be written");
    let run = tenure(&["replay", &folder.to_string_lossy()]);
    assert_eq!(run.status.code(), Some(1), "{}", text(&run.stdout));
    assert!(text(&run.stdout).contains("NOT ANY MORE"), "{}", text(&run.stdout));
    fs::write(&list, listed.replacen("  violated  ", "  mended  ", 1)).expect("it can be written");
    let run = tenure(&["replay", &folder.to_string_lossy()]);
    assert!(text(&run.stdout).contains("still mended"), "{}", text(&run.stdout));
}

#[test]
fn a_story_is_kept_with_the_date_and_the_reason_and_only_once() {
    let folder = copied("kept-source");
    let trace = fs::read_dir(&folder).expect("it was just made").map(|entry| entry.expect("it is there").path());
    let trace = trace.filter(|path| path.extension().is_some_and(|extension| extension == "json")).min();
    let trace = trace.expect("one is kept").to_string_lossy().into_owned();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept-target");
    if target.exists() {
        fs::remove_dir_all(&target).expect("an old run's folder can go");
    }
    let target = target.to_string_lossy().into_owned();
    let kept = tenure(&["keep", &trace, "a pause in the wrong place", "--in", &target]);
    assert_eq!(kept.status.code(), Some(0), "{}", text(&kept.stderr));
    assert!(text(&kept.stdout).contains("a pause in the wrong place"), "{}", text(&kept.stdout));
    assert_eq!(tenure(&["replay", &target]).status.code(), Some(0));
    let listed = || fs::read_to_string(Path::new(&target).join("kept.txt")).expect("there is a list");
    let before = listed();
    for (arguments, told) in [
        (vec!["keep", &trace, "again", "--in", &target], "is kept already"),
        (vec!["keep", &trace, " ", "--in", &target], "a kept story needs a reason"),
        (vec!["keep", &trace, "fixed", "--in", &target, "--mended"], "must not be possible any more"),
    ] {
        let run = tenure(&arguments);
        assert_eq!(run.status.code(), Some(3), "{arguments:?}");
        assert!(text(&run.stderr).contains(told), "{arguments:?}: {}", text(&run.stderr));
    }
    assert_eq!(listed(), before, "nothing is written");
}

#[test]
fn a_line_that_cannot_be_read_is_refused_at_its_place() {
    let folder = copied("kept-line");
    let list = folder.join("kept.txt");
    let listed = fs::read_to_string(&list).expect("there is a list");
    fs::write(&list, format!("{listed}yesterday  violated  x.json  because\n")).expect("it can be written");
    let run = tenure(&["replay", &folder.to_string_lossy()]);
    let told = text(&run.stderr);
    assert_eq!(run.status.code(), Some(3), "{told}");
    assert!(told.contains("expected a date") && told.contains("yesterday") && told.contains("for example"), "{told}");
}
