//! A review as a JUnit report: a suite for each design, a case for each question.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::block::{design_name, verdict};
use crate::{app::review::Answer, verdict::Status};

/// The report as XML.
pub(crate) fn junit<'a>(answers: impl Iterator<Item = &'a Answer<'a>>) -> String {
    let mut report = Report::new("tenure review");
    let mut suites: Vec<TestSuite> = Vec::new();
    for answer in answers {
        let design = design_name(&answer.asked.design.file);
        if suites.last().is_none_or(|suite| suite.name.as_str() != design) {
            suites.push(TestSuite::new(design));
        }
        suites.last_mut().expect("one was just pushed").add_test_case(case(answer, design));
    }
    report.add_test_suites(suites);
    let text = report.to_string().expect("a report is text");
    // The schema that Jenkins publishes (junit-10.xsd) knows this of a suite, not of all suites together.
    text.replacen(" skipped=\"0\"", "", 1)
}

fn case(answer: &Answer<'_>, design: &str) -> TestCase {
    let outcome = &answer.outcome;
    let told = verdict(&outcome.finding);
    let mut status = match answer.status {
        Status::AsExpected => TestCaseStatus::success(),
        Status::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
        _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    if answer.status != Status::AsExpected {
        let why = match answer.complaints.as_slice() {
            [] => format!("{}: {told}", outcome.sentence),
            complaints => complaints.join("; "),
        };
        status.set_message(why);
    }
    let bound = outcome.within.map_or(String::new(), |within| format!(" within {within}"));
    let mut case = TestCase::new(format!("{}{bound} under {}", outcome.property, outcome.ledger), status);
    case.set_classname(design);
    case.set_time(outcome.finding.stats.elapsed);
    case.set_system_out(format!("{told}\n{}", outcome.ledger_lines.join("\n")));
    case
}
