//! The designs of a page: what each is about, and its values.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Told, id};
use crate::{
    design::{Base, Resolved},
    report::block::design_name,
};

/// A place for each design. One that extends another of the page shows what it changes, the other shows the rest: the
/// page would be too large if each said all.
pub(super) fn designs(told: &[Told<'_>]) -> Markup {
    let mut designs: Vec<&Resolved> = Vec::new();
    for told in told {
        if designs.iter().all(|design| design.file != told.answer.asked.design.file) {
            designs.push(told.answer.asked.design);
        }
    }
    let is_shown = |base: &Base| designs.iter().any(|design| is_same(design, &base.design));
    html! { @for design in &designs { (one(design, design.base.as_ref().is_some_and(is_shown))) } }
}

/// Also in its values, which `--set` may have changed.
fn is_same(one: &Resolved, other: &Resolved) -> bool {
    one.file == other.file && one.text() == other.text()
}

fn one(design: &Resolved, base_is_shown: bool) -> Markup {
    let name = design_name(&design.file);
    let words = [name, &design.title, &design.about].join(" ").to_lowercase();
    html! {
        section.answer id=(place(&design.file)) data-text=(words) {
            h3 { (if design.title.is_empty() { name } else { &design.title }) }
            p.soft { (name) }
            @if !design.about.is_empty() { p { (design.about) } }
            @if let Some(base) = &design.base {
                p {
                    "It is "
                    @if base_is_shown { (link(&base.design)) } @else { (design_name(&base.design.file)) }
                    @match changes(design, base) {
                        changes if changes.is_empty() => " with other questions.",
                        changes => { ", but for:" ul { @for change in changes { li { code { (change) } } } } }
                    }
                }
            }
            @if !base_is_shown { details { summary { "All its values" } pre { (design.text().trim_end()) } } }
        }
    }
}

/// A design's name, which leads to its place.
pub(super) fn link(design: &Resolved) -> Markup {
    html! { a href=(format!("#{}", place(&design.file))) { (design_name(&design.file)) } }
}

/// The name of a design's place on the page.
pub(super) fn place(file: &str) -> String {
    id(&format!("design-{}", design_name(file)))
}

/// What a design overrides or adds: each key with its value, and the one that it had.
fn changes(design: &Resolved, base: &Base) -> Vec<String> {
    let (own, before) = (values(&design.text()), values(&base.design.text()));
    let paths: std::collections::BTreeSet<&String> = own.keys().chain(before.keys()).collect();
    let overridden = |path: &str| base.overridden.iter().any(|key| path == key || path.starts_with(&format!("{key}.")));
    let told = paths.into_iter().filter_map(|path| match (own.get(path), before.get(path)) {
        (Some(now), Some(was)) if now != was => Some(format!("{path} = {now}, not {was}")),
        (Some(now), Some(_)) if overridden(path) => Some(format!("{path} = {now}, as there")),
        (Some(_), Some(_)) => None,
        (Some(now), None) => Some(format!("{path} = {now}")),
        (None, _) => Some(format!("no {path}")),
    });
    told.collect()
}

/// The values of a design's text, by their paths.
fn values(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let table: toml::Table = toml::from_str(text).expect("a design's text can be read again");
    collect("", &table, &mut found);
    found
}

fn collect(before: &str, table: &toml::Table, found: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let path = format!("{before}{key}");
        match value {
            toml::Value::Table(inner) if !inner.is_empty() => collect(&format!("{path}."), inner, found),
            _ => {
                found.insert(path, value.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "[design]\nstore = { ttl = \"4s\", margin = \"1s\" }\n[ledger.one-crash]\ncrash = 1\n";

    #[test]
    fn each_value_has_its_path() {
        let found = values(BASE);
        let expected =
            [("design.store.margin", "\"1s\""), ("design.store.ttl", "\"4s\""), ("ledger.one-crash.crash", "1")];
        assert_eq!(found, expected.map(|(path, value)| (path.to_string(), value.to_string())).into());
    }
}
