//! Designs as failure detectors: what seeds show lies within what is proved.

use serde_json::{Value, json};

mod support {
    pub mod folder;
    pub mod schema;
}

use support::{folder::Folder, schema};

fn measured(folder: &Folder, under: &str, jobs: &str) -> Value {
    let design = concat!(env!("CARGO_MANIFEST_DIR"), "/models/presence/recommended.toml");
    let run = folder.tenure(&["detector", design, "--under", under, "--seeds", "200", "--jobs", jobs, "--json"]);
    let measured: Value = serde_json::from_str(&run.ends(0).out).expect("it prints JSON");
    schema::fits(include_str!("../docs/detector.schema.json"), &measured);
    measured["detectors"][0].clone()
}

#[test]
fn a_death_is_detected_within_the_proved_worst_case() {
    let folder = Folder::new("detector-death", &[]);
    let row = measured(&folder, "one-fault", "2");
    // The worst case that the catalogue pins.
    assert_eq!(row["detection_proved"], json!({ "kind": "exact", "micros": 7_400_000 }));
    let longest = row["detection_longest_micros"].as_i64().expect("somebody died");
    assert!(row["detections"].as_u64() > Some(50) && longest <= 7_400_000, "{row}");
    let mean = |end: &str| row["detection_micros"][end].as_i64().expect("a number");
    assert!(mean("lo") < mean("value") && mean("value") < mean("hi") && mean("hi") < longest, "{row}");
    // Who dies is no mistake, so the living are not measured here.
    assert!(row["mistakes"].is_null() && row["accuracy_ppb"].is_null(), "{row}");
}

#[test]
fn mistakes_about_the_living_are_counted_where_nobody_dies() {
    let folder = Folder::new("detector-mistake", &[]);
    let row = measured(&folder, "cut", "1");
    assert!(row["mistakes"].as_u64() > Some(10) && row["detections"] == 0, "{row}");
    assert!(row["mistake_duration_micros"]["hi"].as_i64() <= Some(10_400_000), "longer than is proved: {row}");
    let accuracy = &row["accuracy_ppb"];
    assert!(accuracy["lo"].as_u64() <= accuracy["value"].as_u64() && accuracy["hi"].as_u64() < Some(1_000_000_000));
    assert_eq!(row, measured(&folder, "cut", "2"), "the same on any number of threads");
    let quiet = measured(&folder, "one-loss", "2");
    assert!(quiet["mistakes"] == 0 && quiet["accuracy_ppb"].is_null(), "{quiet}");
    assert!(quiet["mistakes_per_1000_hours"]["hi"].as_u64() > Some(0), "none seen is not none: {quiet}");
}
