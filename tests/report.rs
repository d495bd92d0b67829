//! The run directory of a review: what is in it, and that every format of a story is what its readers expect.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde::Deserialize;
use serde_json::Value;

mod support {
    pub mod schema;
}

const DESIGN: &str = r#"
tenure = 1
title = "a small lease"
protocol = "lease"
[design]
contenders = 2
store = { ttl = "4s" }
contender = { lease = "4s", renew = "500ms", retry = "2s", resend = "1s" }
[network]
delay = "0ms..250ms"
[ledger.one-crash]
crash = 1
[ledger.pause]
pause = { at_most = 1, for = "0s..10s" }
[[expect]]
property = "at-most-one-believes"
under = "pause"
verdict = "violated"
[[expect]]
property = "hard-death-takeover"
under = "one-crash"
within = "5s"
verdict = "violated"
[[expect]]
property = "at-most-one-believes"
under = "one-crash"
verdict = "holds"
"#;

fn tenure(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tenure")).args(arguments).current_dir(folder).output().expect("it starts")
}

/// A folder with a design and its review in `run`.
fn reviewed(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("folders can be made");
    fs::write(folder.join("small.toml"), DESIGN).expect("files can be written");
    let output = tenure(&folder, &["review", "small.toml", "--out", "run"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    folder
}

fn stories(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("run/stories")).expect("there are stories");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it is there").path()).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&read(path)).expect("it is JSON")
}

/// The steps of a story, and what each did.
fn steps(story: &Path) -> Vec<Value> {
    json(&story.join("trace.json"))["steps"].as_array().expect("a trace has steps").clone()
}

#[test]
fn a_review_leaves_a_page_two_summaries_and_a_folder_for_each_violation() {
    let folder = reviewed("report-whole");
    support::schema::fits(include_str!("../docs/summary.schema.json"), &json(&folder.join("run/summary.json")));
    let page = read(&folder.join("run/report.html"));
    for expected in ["<svg", "at-most-one-believes", "hard-death-takeover", "For which runs", "<title>"] {
        assert!(page.contains(expected), "the page lacks {expected}");
    }
    assert!(
        !page.contains("http://")
            || page.matches("http://").count() == page.matches("http://www.w3.org/2000/svg").count()
    );
    assert_eq!(stories(&folder).len(), 2);
    let names = ["txt", "mmd", "puml", "itf.json", "shiviz.log", "chrome.json", "ndjson", "svg", "json"];
    for story in stories(&folder) {
        let found: BTreeSet<_> =
            fs::read_dir(&story).expect("it is a folder").map(|file| file.expect("a file").file_name()).collect();
        assert_eq!(found, names.iter().map(|name| format!("trace.{name}").into()).collect());
    }
    // A second review takes the first one's place, and leaves nothing beside it.
    assert_eq!(tenure(&folder, &["review", "small.toml", "--out", "run"]).status.code(), Some(0));
    let left: BTreeSet<_> =
        fs::read_dir(&folder).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(left, ["run", "small.toml"].map(Into::into).into());
}

#[test]
fn a_folder_with_something_else_in_it_is_left_alone() {
    let folder = reviewed("report-taken");
    fs::create_dir(folder.join("mine")).expect("folders can be made");
    fs::write(folder.join("mine/precious"), "x").expect("files can be written");
    let output = tenure(&folder, &["review", "small.toml", "--out", "mine"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("an earlier review"), "{output:?}");
    assert_eq!(read(&folder.join("mine/precious")), "x");
}

#[test]
fn a_story_saved_loaded_and_replayed_is_the_same() {
    let folder = reviewed("report-replay");
    for story in stories(&folder) {
        let path = story.join("trace.json");
        let path = path.to_str().expect("UTF-8");
        let output = tenure(&folder, &["replay", path, "--json"]);
        assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), json(Path::new(path)));
        for (format, ending) in [("text", "txt"), ("mermaid", "mmd"), ("itf", "itf.json"), ("chrome", "chrome.json")] {
            let output = tenure(&folder, &["replay", path, "--format", format]);
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                read(&story.join(format!("trace.{ending}"))),
                "{format}"
            );
        }
    }
}

#[test]
fn ndjson_has_all_of_the_trace() {
    let folder = reviewed("report-ndjson");
    for story in stories(&folder) {
        let text = read(&story.join("trace.ndjson"));
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
        let mut whole = lines.next().expect("there is a head");
        whole["steps"] = lines.collect::<Vec<_>>().into();
        assert_eq!(whole, json(&story.join("trace.json")));
    }
}

#[test]
fn itf_is_read_by_its_own_library() {
    #[derive(Deserialize, Debug)]
    struct State {
        #[serde(with = "itf::de::As::<itf::de::Integer>")]
        at: i64,
        lives: BTreeMap<String, String>,
        did: Vec<String>,
    }
    let folder = reviewed("report-itf");
    for story in stories(&folder) {
        let trace = itf::trace_from_str::<State>(&read(&story.join("trace.itf.json"))).expect("it is ITF");
        let steps = steps(&story);
        assert_eq!(trace.states.len(), steps.len());
        for (state, step) in trace.states.iter().zip(&steps) {
            assert_eq!(state.value.at, step["at"].as_i64().expect("a moment"));
            assert_eq!(state.value.did.len(), step["did"].as_array().map_or(0, Vec::len));
            assert_eq!(state.value.lives.len(), 3);
        }
        // The run ends with both contenders alive, or with the crash that began the take-over.
        assert!(trace.states.last().expect("a state").value.lives.values().any(|life| life == "up"));
    }
}

#[test]
fn vector_clocks_order_what_the_messages_order() {
    let folder = reviewed("report-shiviz");
    for story in stories(&folder) {
        let text = read(&story.join("trace.shiviz.log"));
        let mut lines = text.lines();
        assert!(
            lines.next().is_some_and(|expression| expression.contains("(?<host>") && expression.contains("(?<clock>"))
        );
        assert_eq!(lines.next(), Some(""), "one execution: there is no delimiter");
        let entries: Vec<&str> = lines.collect();
        let mut own: BTreeMap<String, u64> = BTreeMap::new();
        let mut last: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        assert_eq!(entries.len(), 2 * steps(&story).len());
        for entry in entries.chunks(2) {
            let (host, clock) = entry[0].split_once(' ').expect("a host and a clock");
            let clock: BTreeMap<String, u64> = serde_json::from_str(clock).expect("a clock is JSON");
            let count = own.entry(host.into()).or_default();
            *count += 1;
            assert_eq!(clock[host], *count, "each event of a host is its next");
            for (other, seen) in &clock {
                assert!(*seen <= own.get(other).copied().unwrap_or(0), "nobody knows of what has not happened");
            }
            for (other, before) in last.get(host).into_iter().flatten() {
                assert!(clock[other] >= *before, "nobody forgets");
            }
            last.insert(host.into(), clock);
        }
        let knows = |host: &str, other: &str| last.get(host).is_some_and(|clock| clock.contains_key(other));
        assert!(["A", "B"].iter().any(|name| knows(name, "S") && knows("S", name)), "messages carry clocks");
    }
}

#[test]
fn trace_events_pair_up_and_stay_in_their_tracks() {
    let folder = reviewed("report-chrome");
    let mut categories = BTreeSet::new();
    for story in stories(&folder) {
        let trace = json(&story.join("trace.chrome.json"));
        let end = steps(&story).last().expect("a step")["at"].as_i64().expect("a moment");
        let mut open: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut flows: BTreeMap<u64, i64> = BTreeMap::new();
        for event in trace["traceEvents"].as_array().expect("events") {
            let text = |key: &str| event[key].as_str().unwrap_or_default().to_string();
            assert!(event["tid"].as_u64().is_some_and(|track| track < 3) && event["pid"] == 1, "{event}");
            let at = event["ts"].as_i64();
            assert!(text("ph") == "M" || at.is_some_and(|at| (0..=end).contains(&at)), "{event}");
            categories.insert(text("cat"));
            match text("ph").as_str() {
                "b" => assert!(open.insert((text("cat"), text("id")), at.expect("a moment")).is_none(), "{event}"),
                "e" => assert!(open.remove(&(text("cat"), text("id"))).is_some_and(|from| Some(from) <= at), "{event}"),
                "s" => assert!(flows.insert(event["id"].as_u64().expect("a number"), at.expect("a moment")).is_none()),
                "f" => {
                    let begun = flows.remove(&event["id"].as_u64().expect("a number"));
                    assert!(begun.is_some_and(|from| Some(from) <= at), "{event}");
                }
                "X" => assert!(event["dur"].as_i64().is_some_and(|span| span >= 0), "{event}"),
                "M" | "i" => {}
                other => panic!("an event of kind {other}"),
            }
        }
        assert!(open.is_empty() && flows.is_empty(), "{open:?} {flows:?}");
    }
    for category in ["process", "lease", "timer", "message", "step"] {
        assert!(categories.contains(category), "no {category} in {categories:?}");
    }
}

#[test]
fn sequence_diagrams_follow_their_grammar_and_elide_steady_renewals() {
    let folder = reviewed("report-sequence");
    let mut elided = 0;
    for story in stories(&folder) {
        let mermaid = read(&story.join("trace.mmd"));
        let mut lines = mermaid.lines();
        assert!(lines.next().is_some_and(|line| line.starts_with("%% ")));
        assert_eq!(lines.next(), Some("sequenceDiagram"));
        for line in lines {
            let line = line.trim_start();
            let is_node = |name: &str| ["A", "B", "S"].contains(&name);
            let known = match line.split_once(' ') {
                Some(("participant", name)) => is_node(name),
                Some(("Note", rest)) => rest
                    .strip_prefix("over ")
                    .and_then(|rest| rest.split_once(": "))
                    .is_some_and(|(over, label)| over.split(',').all(is_node) && !label.is_empty()),
                _ => line.split_once(": ").is_some_and(|(ends, label)| {
                    let ends = ends.split_once("->>").or_else(|| ends.split_once("-x"));
                    ends.is_some_and(|(from, to)| is_node(from) && is_node(to)) && !label.is_empty()
                }),
            };
            assert!(
                known && line.matches(';').count() == line.matches("#35;").count(),
                "Mermaid would not read {line:?}"
            );
        }
        elided += mermaid.matches(" more like this").count();
        let plantuml = read(&story.join("trace.puml"));
        assert!(plantuml.starts_with("@startuml\n") && plantuml.ends_with("@enduml\n"));
        assert_eq!(plantuml.matches(" more like this").count(), mermaid.matches(" more like this").count());
        let arrows = |text: &str, arrow: &str| text.lines().filter(|line| line.contains(arrow)).count();
        assert_eq!(
            arrows(&plantuml, " -> ") + arrows(&plantuml, " ->x "),
            arrows(&mermaid, "->>") + arrows(&mermaid, "-x")
        );
    }
    assert!(elided > 0, "a story with renewals has steady ones");
}

#[test]
fn the_page_has_what_seeds_showed_of_each_bound() {
    let folder = reviewed("report-seeds");
    assert!(!read(&folder.join("run/report.html")).contains("from seeds"));
    let output = tenure(&folder, &["review", "small.toml", "--out", "run", "--seeds", "200"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = read(&folder.join("run/report.html"));
    assert!(page.contains("from seeds: p50, p95, p99, longest") && page.contains("class=\"seen\""), "{page}");
}

#[test]
fn a_picture_stands_alone_and_shows_each_message_that_travelled() {
    let folder = reviewed("report-svg");
    for story in stories(&folder) {
        let svg = read(&story.join("trace.svg"));
        let document = roxmltree::Document::parse(&svg).expect("it is XML");
        let of_class = |class: &str| document.descendants().filter(|one| one.attribute("class") == Some(class)).count();
        assert_eq!(document.root_element().tag_name().name(), "svg");
        assert_eq!(of_class("name"), 3, "a lane for each node");
        assert_eq!((of_class("paper"), of_class("end")), (1, 1), "a ground, and where it ends");
        assert!(of_class("fault") > 0 && of_class("message") > 0);
        let style = document.descendants().find(|one| one.has_tag_name(("http://www.w3.org/2000/svg", "style")));
        let style = style.and_then(|style| style.text()).expect("it has its own colours");
        for class in ["paper", "name", "end", "fault", "message", "gone", "overlap"] {
            assert!(style.contains(&format!(".{class} ")), "no rule for {class}");
        }
    }
}

/// A lock whose holder is cut off, and one that changes two values of it.
const CUT: &str = r#"
tenure = 1
title = "a lease behind a cut"
about = "What the holder sends is lost, and it believes for longer than the store."
protocol = "lease"
[design]
contenders = 2
store = { ttl = "4s" }
contender = { lease = "6s", renew = "2s", retry = "2s", resend = "1s" }
[network]
delay = "0ms..250ms"
[ledger.cut]
cut = { at_most = 1, for = "0s..30s" }
[[expect]]
property = "at-most-one-believes"
under = "cut"
verdict = "violated"
"#;
const CHANGED: &str = r#"
tenure = 1
title = "a longer lease behind a cut"
extends = "cut.toml"
[override]
store.ttl = "5s"
contender.renew = "2s"
[ledger.long]
cut = { at_most = 1, for = "0s..60s" }
[[expect]]
property = "at-most-one-believes"
under = "long"
verdict = "violated"
"#;

fn reviewed_cut(name: &str, asked: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("folders can be made");
    fs::write(folder.join("cut.toml"), CUT).expect("files can be written");
    fs::write(folder.join("changed.toml"), CHANGED).expect("files can be written");
    let output = tenure(&folder, &[&["review"], asked, &["--out", "run"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    folder
}

#[test]
fn what_is_sent_into_a_cut_and_never_comes_is_drawn_as_lost() {
    let folder = reviewed_cut("report-cut", &["cut.toml"]);
    let [story] = &stories(&folder)[..] else { panic!("one story") };
    let steps = steps(story);
    let trace = json(&story.join("trace.json"));
    let names: Vec<&str> = trace["nodes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (mut sent, mut expected) = (BTreeMap::new(), 0);
    let comes = |from: usize, to: usize, number: i32| {
        steps.iter().any(|step| {
            let come = &step["what"]["deliver"];
            (&come["from"], &come["to"], &come["number"]) == (&from.into(), &to.into(), &number.into())
        })
    };
    let end = steps.last().expect("a step")["at"].as_i64().expect("a moment");
    for step in &steps {
        for word in step["did"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let Some((to, _)) = word.strip_prefix("send ").and_then(|rest| rest.split_once(':')) else { continue };
            let what = step["what"].as_object().and_then(|what| what.values().next()).expect("it has a place");
            let from = what.get("node").or(what.get("to")).and_then(Value::as_u64).expect("a node") as usize;
            let to = names.iter().position(|name| *name == to).expect("a node");
            let number = sent.entry((from, to)).or_insert(0);
            // No message takes longer than 250 ms.
            let overdue = end - step["at"].as_i64().expect("a moment") > 250_000;
            expected += usize::from(overdue && !comes(from, to, *number));
            *number += 1;
        }
    }
    let svg = read(&story.join("trace.svg"));
    let document = roxmltree::Document::parse(&svg).expect("it is XML");
    let titles = document.descendants().filter(|one| one.tag_name().name() == "title").filter_map(|title| title.text());
    let lost = titles.filter(|title| title.ends_with(", lost")).count();
    assert!(expected > 1, "the holder asks again and again");
    assert_eq!(lost, expected, "drawn as lost, and never to come");
}

#[test]
fn the_page_says_what_each_design_is_and_what_it_changes() {
    let folder = reviewed_cut("report-designs", &["cut.toml", "changed.toml"]);
    let page = read(&folder.join("run/report.html"));
    let section = |page: &str, design: &str| {
        let (_, rest) = page.split_once(&format!("id=\"design-{design}\"")).expect("the design has its place");
        rest.split_once("</section>").expect("a section ends").0.to_string()
    };
    let whole = section(&page, "cut");
    for expected in
        ["a lease behind a cut", "What the holder sends is lost", "<details>", "store = { ttl = &quot;4s&quot; }"]
    {
        assert!(whole.contains(expected), "{expected} is not in {whole}");
    }
    let changed = section(&page, "changed");
    for expected in [
        "a longer lease behind a cut",
        "<a href=\"#design-cut\">cut</a>, but for:",
        "design.store.ttl = &quot;5s&quot;, not &quot;4s&quot;",
        "design.contender.renew = &quot;2s&quot;, as there",
        "ledger.long.cut.for = &quot;0s..60s&quot;",
    ] {
        assert!(changed.contains(expected), "{expected} is not in {changed}");
    }
    assert!(!changed.contains("ledger.cut") && !changed.contains("<details>"), "the rest is said once: {changed}");
    // Every link inside the page leads somewhere.
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split_once('"')).map(|(link, _)| link) {
        assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
    }
    // Alone, a design says all of its values.
    let folder = reviewed_cut("report-design-alone", &["changed.toml"]);
    let alone = section(&read(&folder.join("run/report.html")), "changed");
    assert!(alone.contains("store = { ttl = &quot;5s&quot; }") && alone.contains("It is cut, but for:"), "{alone}");
}

#[test]
fn the_page_explains_its_signs_and_speaks_in_the_words_of_the_property() {
    let folder = reviewed_cut("report-words", &["cut.toml"]);
    let page = read(&folder.join("run/report.html"));
    for expected in [
        "s to the end A believes that it holds the lock.",
        "s to the end B believes that it holds the lock.",
        "o it was sent from here",
        "a red shade where several do what one may",
        "class=\"overlap\"",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(!page.contains("holds its interval") && !page.contains("waits for"));
}

#[test]
fn a_junit_report_has_a_case_for_each_question_and_fails_what_is_not_as_expected() {
    let folder = reviewed("report-junit");
    let xml = read(&folder.join("run/junit.xml"));
    assert_eq!(xml.matches("<testcase ").count(), 3, "{xml}");
    assert_eq!(xml.matches("<failure").count(), 0, "{xml}");
    fs::write(folder.join("wrong.toml"), DESIGN.replace("\"violated\"", "\"holds\"")).expect("files can be written");
    assert_eq!(tenure(&folder, &["review", "wrong.toml", "--out", "run"]).status.code(), Some(1));
    let xml = read(&folder.join("run/junit.xml"));
    assert_eq!(xml.matches("<failure message=\"expected holds, got").count(), 2, "{xml}");
    let document = roxmltree::Document::parse(&xml).expect("it is XML");
    assert_eq!(document.root_element().tag_name().name(), "testsuites");
    document.descendants().filter(roxmltree::Node::is_element).for_each(|element| follows_the_schema(&element));
}

/// What the schema of Jenkins for JUnit reports, junit-10.xsd, says of an element that is used.
struct Rule {
    element: &'static str,
    children: &'static [&'static str],
    needed: &'static [&'static str],
    /// Other attributes that it may have.
    others: &'static [&'static str],
}

const JUNIT: [Rule; 5] = [
    Rule {
        element: "testsuites",
        children: &["testsuite"],
        needed: &[],
        others: &["name", "time", "tests", "failures", "errors"],
    },
    Rule {
        element: "testsuite",
        children: &["testcase"],
        needed: &["name", "tests", "failures", "errors"],
        others: &["skipped", "time", "timestamp"],
    },
    Rule {
        element: "testcase",
        children: &["failure", "error", "system-out"],
        needed: &["name"],
        others: &["time", "classname"],
    },
    Rule { element: "failure", children: &[], needed: &[], others: &["message", "type"] },
    Rule { element: "system-out", children: &[], needed: &[], others: &[] },
];

fn follows_the_schema(element: &roxmltree::Node<'_, '_>) {
    let name = element.tag_name().name();
    let rule = JUNIT.iter().find(|rule| rule.element == name);
    let Rule { children, needed, others, .. } = rule.unwrap_or_else(|| panic!("<{name}> is not in the schema"));
    for child in element.children().filter(roxmltree::Node::is_element) {
        assert!(children.contains(&child.tag_name().name()), "{child:?} in <{name}>");
    }
    for attribute in element.attributes() {
        assert!([*needed, *others].concat().contains(&attribute.name()), "{attribute:?} of <{name}>");
    }
    for attribute in *needed {
        assert!(element.has_attribute(*attribute), "{attribute} of <{name}>");
    }
}
