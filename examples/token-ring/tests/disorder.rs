//! What is not in order in a catalogue is told.

use std::{fs, panic, path::Path};

const RECOMMENDED: &str = include_str!("../models/recommended.toml");
const IMPATIENT: &str = include_str!("../models/weak-impatient.toml");
const SLOW: &str = include_str!("../models/weak-slow-monitor.toml");

/// What the test of a catalogue of these three files says.
fn told(name: &str, recommended: &str, impatient: &str, slow: &str) -> String {
    let files = [("recommended", recommended), ("weak-impatient", impatient), ("weak-slow-monitor", slow)];
    told_of(name, &files).expect("it is not in order")
}

/// The same of any files; nothing, if they are in order.
fn told_of(name: &str, files: &[(&str, &str)]) -> Option<String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(folder.join("known")).expect("folders can be made");
    for (file, text) in files {
        fs::write(folder.join(file).with_extension("toml"), text).expect("files can be written");
    }
    let app = tenure::App::new().protocol(token_ring::protocol());
    let path = folder.to_string_lossy().into_owned();
    let run = panic::catch_unwind(panic::AssertUnwindSafe(|| tenure::catalogue::run(&path, &app)));
    let payload = run.err()?;
    Some(payload.downcast_ref::<String>().expect("it says why").replace(&format!("{path}/"), ""))
}

#[test]
fn a_formula_that_fits_one_point_only_is_found_out() {
    let copied = RECOMMENDED.replace("\"patience + nodes * (hold.hi + network.delay.hi)\"", "\"patience + 1650ms\"");
    let told = told("copied", &copied, IMPATIENT, SLOW);
    assert!(told.contains("token-comes-round under one-loss: the worst case is"), "{told}");
    assert!(told.contains("but `patience + 1650ms` gives"), "{told}");
}

#[test]
fn a_wrong_figure_is_found_out() {
    let told = told("wrong", &RECOMMENDED.replace("\"4650ms\"", "\"4651ms\""), IMPATIENT, SLOW);
    assert!(told.contains("expected the worst case 4.651 s, got 4.650 s"), "{told}");
    assert!(told.contains("gives 4.650 s, not 4.651 s"), "{told}");
}

#[test]
fn a_weakening_overrides_one_key_and_violates_what_its_base_holds() {
    let two = IMPATIENT.replace("patience = \"1s\"", "patience = \"1s\"\nnodes = 4");
    assert!(told("two", RECOMMENDED, &two, SLOW).contains("overrides 2 keys instead of one"));
    let harmless = IMPATIENT.replace("\"1s\"", "\"4s\"").replace("\"violated\"", "\"holds\"");
    let told = told("harmless", RECOMMENDED, &harmless, SLOW);
    assert!(told.contains("weak-impatient.toml changes no verdict of recommended.toml"), "{told}");
    assert!(told.contains("no weakening of a design of token-ring violates one-token"), "{told}");
}

#[test]
fn a_property_that_no_file_holds_is_told() {
    let without = RECOMMENDED.replace(
        "property = \"one-token\"\nunder = \"rare-losses\"",
        "property = \"token-comes-round\"\nwithin = \"9s\"\nunder = \"rare-losses\"",
    );
    let told = told("without", &without, IMPATIENT, SLOW);
    assert!(told.contains("no design of token-ring holds one-token"), "{told}");
}

/// What the test of a catalogue says whose known failure is too impatient, and whose repaired twin has that patience.
fn told_of_known(name: &str, patience: &str, weakenings: &[(&str, &str)]) -> Option<String> {
    let failure = IMPATIENT.replace("recommended.toml", "../recommended.toml");
    let twin = IMPATIENT.replace("recommended.toml", "impatient.toml");
    let twin = twin.replace("\"1s\"", &format!("{patience:?}")).replace("\"violated\"", "\"holds\"");
    let catalogue = [("recommended", RECOMMENDED), ("weak-slow-monitor", SLOW)];
    let known = [("known/impatient", failure.as_str()), ("known/impatient-repaired", &twin)];
    told_of(name, &[&catalogue[..], weakenings, &known[..]].concat())
}

#[test]
fn a_twin_repairs_its_failure() {
    let weakening = [("weak-impatient", IMPATIENT)];
    assert_eq!(told_of_known("repaired", "5s", &weakening), None);
    let told = told_of_known("unrepaired", "1001ms", &weakening).expect("the twin repairs nothing");
    assert!(told.contains("known/impatient-repaired.toml changes no verdict of known/impatient.toml"), "{told}");
}

#[test]
fn a_repair_is_no_weakening() {
    let told = told_of_known("unweakened", "5s", &[]).expect("nothing weakens one-token");
    assert!(told.contains("no weakening of a design of token-ring violates one-token"), "{told}");
}

#[test]
fn a_known_failure_without_a_twin_is_found_out() {
    let failure = IMPATIENT.replace("recommended.toml", "../recommended.toml");
    let alone = [("recommended", RECOMMENDED), ("weak-slow-monitor", SLOW), ("known/impatient", &failure)];
    let told = told_of("alone", &alone).expect("it is not in order");
    assert!(told.contains("known/impatient.toml has no repaired twin"), "{told}");
    let twin = "extends = \"../recommended.toml\"\ntenure = 1\n[override]\npatience = \"6s\"\n[[expect]]\n\
                property = \"token-comes-round\"\nunder = \"one-loss\"\nwithin = \"9s\"\nverdict = \"holds\"\n";
    let told = told_of("stranger", &[&alone[..], &[("known/impatient-repaired", twin)]].concat());
    let told = told.expect("it is not in order");
    assert!(told.contains("impatient-repaired.toml does not extend the failure that it repairs"), "{told}");
    assert!(told.contains("impatient-repaired.toml does not hold one-token under"), "{told}");
}
