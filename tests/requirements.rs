//! The table of requirements can be read by a machine, and agrees with the properties that cite it.

use std::collections::{BTreeMap, BTreeSet};

use tenure::app::Card;

const TABLE: &str = include_str!("../docs/requirements.md");

struct Row<'a> {
    id: &'a str,
    requirement: &'a str,
    document: &'a str,
    status: &'a str,
}

#[test]
fn every_row_has_an_id_of_its_own_a_sentence_a_document_and_a_status() {
    let rows = rows();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), rows.len(), "ids are unique");
    for row in &rows {
        let (group, number) = row.id.split_once('-').expect("an id is a group and a number");
        let digits = number.trim_end_matches(['a', 'b', 'c']);
        assert!(group.chars().all(|c| c.is_ascii_lowercase()) && digits.parse::<u8>().is_ok(), "{}", row.id);
        assert!(row.requirement.ends_with('.'), "{}: a sentence", row.id);
        assert!(TABLE.contains(&format!("**{}**", row.document)), "{}: {} is described", row.id, row.document);
        let stated = !properties(row).is_empty() || measured_by(row).is_some();
        assert!(stated || row.status.starts_with("planned, with "), "{}: {}", row.id, row.status);
    }
}

#[test]
fn what_was_asked_of_locks_presences_and_registrations_is_stated_or_measured() {
    let built = ["Locking and presence", "Failure modes", "Missing cells"];
    for row in rows().iter().filter(|row| built.contains(&row.document)) {
        match measured_by(row) {
            Some(program) => {
                let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{program}.rs"));
                assert!(file.exists(), "{}: there is no {program}", row.id);
            }
            None => assert!(!properties(row).is_empty(), "{}: {}", row.id, row.status),
        }
    }
}

#[test]
fn every_document_asks_for_something() {
    let documents: BTreeSet<&str> = rows().iter().map(|row| row.document).collect();
    assert_eq!(documents.len(), 5);
}

#[test]
fn the_table_names_properties_that_exist_and_every_property_that_cites_a_row() {
    let app = tenure::own();
    let cards: Vec<Card> = app.protocols().flat_map(|protocol| protocol.properties()).collect();
    let rows = rows();
    for row in &rows {
        for property in properties(row) {
            assert!(cards.iter().any(|card| card.id == property), "{}: no property {property}", row.id);
        }
    }
    for card in &cards {
        for id in card.requirements {
            let row = rows.iter().find(|row| row.id == *id).unwrap_or_else(|| panic!("no requirement {id}"));
            assert!(properties(row).contains(&card.id), "{id} does not name {}, which cites it", card.id);
        }
    }
}

#[test]
fn the_program_lists_what_the_table_says() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tenure"));
    let output = command.args(["list", "--requirements"]).output().expect("it starts");
    let listed = String::from_utf8(output.stdout).expect("it prints text");
    // "id  protocol/property  where it holds  where it is violated"
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in listed.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (_, property) = words[1].split_once('/').expect("protocol/property");
        found.entry(words[0].into()).or_default().insert(property.into());
        assert!(words[2].starts_with("models/"), "a design in which it is proved: {line}");
    }
    let listed = found;
    let told = rows().into_iter().map(|row| {
        let properties: BTreeSet<String> = properties(&row).into_iter().map(str::to_string).collect();
        (row.id.to_string(), properties)
    });
    let told: BTreeMap<_, _> = told.filter(|(_, properties)| !properties.is_empty()).collect();
    assert_eq!(listed, told);
}

fn rows() -> Vec<Row<'static>> {
    let lines = TABLE.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, requirement, document, status] = cells[..] else { panic!("four cells: {line}") };
        Row { id, requirement, document, status }
    };
    lines.map(row).collect()
}

/// The ids in backquotes.
fn properties<'a>(row: &Row<'a>) -> Vec<&'a str> {
    quoted(row).filter(|id| !id.contains('/')).collect()
}

/// The program in backquotes, if one measures what is asked.
fn measured_by<'a>(row: &Row<'a>) -> Option<&'a str> {
    quoted(row).find(|program| program.starts_with("examples/"))
}

fn quoted<'a>(row: &Row<'a>) -> impl Iterator<Item = &'a str> {
    row.status.split('`').skip(1).step_by(2)
}
