//! Known failures and their repaired twins: `NAME.toml` and `NAME-repaired.toml` in a folder `known`.
//!
//! A failure is a design that breaks a property, in whatever way it differs from others. Its twin differs from it by
//! one key, and holds all that the failure breaks, under the same ledgers and within the same bounds.

use std::path::Path;

use crate::{
    design::{Expectation, Resolved},
    verdict::Expected,
};

const FOLDER: &str = "known";
const TWIN: &str = "-repaired.toml";

/// Whether a file is a known failure.
pub(crate) fn is_failure(file: &str) -> bool {
    is_known(file) && !file.ends_with(TWIN)
}

fn is_known(file: &str) -> bool {
    Path::new(file).parent().and_then(Path::file_name).is_some_and(|folder| folder == FOLDER)
}

/// What is wrong with the pairs, a sentence each. That the files are as they expect is seen elsewhere.
pub(super) fn problems(designs: &[Resolved]) -> Vec<String> {
    let known = designs.iter().filter(|design| is_known(&design.file));
    known
        .flat_map(|design| if is_failure(&design.file) { of_failure(design, designs) } else { of_twin(design) })
        .collect()
}

fn of_failure(failure: &Resolved, designs: &[Resolved]) -> Vec<String> {
    let file = &failure.file;
    let broken: Vec<&Expectation> = failure.expectations.iter().filter(|one| is_violation(one.verdict)).collect();
    if broken.is_empty() {
        return vec![format!("{file} is a known failure that breaks nothing")];
    }
    let name = twin_of(file);
    let Some(twin) = designs.iter().find(|design| design.file == name) else {
        return vec![format!("{file} has no repaired twin {name}")];
    };
    let kept = |broken: &Expectation| {
        let same = |other: &Expectation| {
            (&other.property, &other.under, other.within) == (&broken.property, &broken.under, broken.within)
        };
        twin.expectations.iter().any(|other| same(other) && is_proof(other.verdict))
    };
    let missing = broken.into_iter().filter(|broken| !kept(broken));
    missing
        .map(|Expectation { property, under, .. }| format!("{name} does not hold {property} under {under}"))
        .collect()
}

fn of_twin(twin: &Resolved) -> Vec<String> {
    let extends = twin.base.as_ref().map(|base| base.design.file.as_str());
    if extends.is_some_and(|base| twin_of(base) == twin.file) {
        return Vec::new();
    }
    vec![format!("{} does not extend the failure that it repairs", twin.file)]
}

/// The file of its repaired twin.
pub(crate) fn twin_of(file: &str) -> String {
    format!("{}{TWIN}", file.trim_end_matches(".toml"))
}

const fn is_violation(verdict: Expected) -> bool {
    matches!(verdict, Expected::Violated | Expected::Never | Expected::Unbounded | Expected::Exceeds)
}

const fn is_proof(verdict: Expected) -> bool {
    matches!(verdict, Expected::Holds | Expected::Touches)
}
