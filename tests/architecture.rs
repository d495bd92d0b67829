//! Who may use whom, and how long a file may be. ARCHITECTURE.md says why.

use std::{
    fs,
    path::{Path, PathBuf},
};

const PROTOCOL: &[&str] = &["process", "spec", "time"];
const ENGINE: &[&str] = &["breadth", "world::space"];
const ANY: &[&str] = &["*"];

/// Each room of `src`, a folder or a file, and what it may use besides itself and the standard library.
const MAY_USE: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("process", &["time"]),
    ("spec", &["process", "time"]),
    ("trace", &["process"]),
    ("world", &["process", "spec", "time", "trace"]),
    ("breadth", &["world::space"]),
    ("timed", &["world::space"]),
    ("untimed", ENGINE),
    ("ticks", ENGINE),
    // Replay proves something because the event loop does not share the checkers' world.
    ("simulate", &["process", "spec", "time", "trace"]),
    // What runs for real uses what was proved, and nothing of what proved it.
    ("host", &["process", "time"]),
    ("lease", PROTOCOL),
    ("store", PROTOCOL),
    // By composition of the lease lock's public process.
    ("convergence", &["lease", "process", "spec", "time"]),
    // By composition of the store's public process.
    ("lock", &["process", "spec", "store", "time"]),
    // By composition of the stores, and of the clients of a lock: a presence is a lock on a key of the cell's own.
    ("presence", &["lock", "process", "spec", "store", "time"]),
    ("registration", PROTOCOL),
    ("design", &["spec", "time", "verdict"]),
    ("verdict", &["time", "trace"]),
    ("app", ANY),
    ("report", ANY),
    ("cli", ANY),
    ("lib", ANY),
    ("main", ANY),
];

const LONGEST_FILE: usize = 600;

#[test]
fn rooms_use_only_what_they_may() {
    let violations: Vec<String> = sources().iter().flat_map(|source| source.violations()).collect();
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn no_file_is_longer_than_a_reader_bears() {
    let long: Vec<String> = sources()
        .iter()
        .map(|source| (source.text.lines().count(), &source.path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{}: {lines} lines, at most {LONGEST_FILE}", path.display()))
        .collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn uses_are_found_in_every_form() {
    let paths = |path: &str, text: &str| {
        let source = Source { path: path.into(), text: text.into() };
        source.uses().iter().map(|path| path.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(
        paths(
            "timed/mod.rs",
            "use crate::{\n    time::Window, // crate::lost\n    world::{space::{Edge, Space}, state},\n};"
        ),
        ["time::Window", "world::space::Edge", "world::space::Space", "world::state"]
    );
    assert_eq!(
        paths("timed/zone.rs", "fn f(_: &tenure::simulate::Run) -> crate::trace::Step {"),
        ["simulate::Run", "trace::Step"]
    );
    assert_eq!(paths("timed/zone.rs", "use super::Hull; use super::super::lock::Worker;"), ["lock::Worker"]);
    assert_eq!(paths("timed.rs", "pub(super) use super::lock; use {crate::cli as shell};"), ["lock", "cli"]);
    assert_eq!(
        paths("timed.rs", "/// crate::lock\nuse other_crate::lock;\n#[cfg(test)]\nmod tests { use crate::lock; }"),
        [""; 0]
    );
}

#[test]
fn a_use_that_is_not_allowed_is_a_violation() {
    let violations = |path: &str, text: &str| Source { path: path.into(), text: text.into() }.violations();
    assert_eq!(violations("ticks/mod.rs", "use crate::{ticks::situation, world::space::{self, Edge}};"), [""; 0]);
    assert_eq!(
        violations("ticks/mod.rs", "use crate::world::state::State;"),
        ["ticks/mod.rs uses world::state::State"]
    );
    assert_eq!(violations("ticks/mod.rs", "use crate::world::spaces;"), ["ticks/mod.rs uses world::spaces"]);
    assert_eq!(violations("simulate/run.rs", "use crate::world;"), ["simulate/run.rs uses world"]);
    assert_eq!(violations("cli/mod.rs", "use crate::{lock, timed};"), [""; 0]);
    assert_eq!(violations("attic/mod.rs", ""), ["attic/mod.rs: no rule names the room attic"]);
}

/// A file of `src`, its path counted from there.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn violations(&self) -> Vec<String> {
        let (file, room) = (self.path.display(), self.room());
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
            return vec![format!("{file}: no rule names the room {room}")];
        };
        let may =
            |path: &[String]| path[0] == room || allowed.iter().any(|rule| *rule == "*" || begins_with(path, rule));
        let uses = self.uses();
        let forbidden = uses.iter().filter(|path| !may(path));
        forbidden.map(|path| format!("{file} uses {}", path.join("::"))).collect()
    }

    fn room(&self) -> String {
        let first = self.path.iter().next().expect("a file has a name");
        Path::new(first).with_extension("").display().to_string()
    }

    /// How many `super` lead to the crate's root.
    fn depth(&self) -> usize {
        let folded = self.path.ends_with("mod.rs");
        self.path.iter().count() - usize::from(folded)
    }

    /// Every path that begins at the crate's root. Tests within a file come last and may use what they want.
    fn uses(&self) -> Vec<Vec<String>> {
        let code: Vec<&str> = self.text.lines().map(|line| line.split("//").next().unwrap_or("")).collect();
        let code = code.join("\n");
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
        let mut tokens = tokens(code);
        let mut uses = Vec::new();
        while let Some(token) = tokens.pop() {
            match token.as_str() {
                "crate" | "tenure" if next_is(&mut tokens, "::") => tree(&mut tokens, &[], &mut uses),
                "super" => {
                    let mut above = 1;
                    let mut goes_on = next_is(&mut tokens, "::");
                    while goes_on && next_is(&mut tokens, "super") {
                        above += 1;
                        goes_on = next_is(&mut tokens, "::");
                    }
                    if goes_on && above >= self.depth() {
                        tree(&mut tokens, &[], &mut uses);
                    }
                }
                _ => {}
            }
        }
        uses
    }
}

fn begins_with(path: &[String], rule: &str) -> bool {
    rule.split("::").enumerate().all(|(index, part)| path.get(index).is_some_and(|segment| segment == part))
}

/// Words, `::` and single other characters, the first one last.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut glued = false;
    for c in code.chars() {
        let word = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if glued && word && last.ends_with(|c: char| c.is_alphanumeric() || c == '_') => last.push(c),
            Some(last) if glued && c == ':' && last == ":" => last.push(c),
            _ if c.is_whitespace() => {}
            _ => tokens.push(c.into()),
        }
        glued = !c.is_whitespace();
    }
    tokens.reverse();
    tokens
}

fn next_is(tokens: &mut Vec<String>, wanted: &str) -> bool {
    tokens.pop_if(|token| token == wanted).is_some()
}

/// Reads a path, or a group of paths in braces, after `prefix`.
fn tree(tokens: &mut Vec<String>, prefix: &[String], uses: &mut Vec<Vec<String>>) {
    if next_is(tokens, "{") {
        while !next_is(tokens, "}") && !tokens.is_empty() {
            tree(tokens, prefix, uses);
            while tokens.last().is_some_and(|token| token != "," && token != "}") {
                tokens.pop();
            }
            next_is(tokens, ",");
        }
        return;
    }
    let Some(segment) = tokens.pop() else { return };
    let path = [prefix, &[segment]].concat();
    if next_is(tokens, "::") { tree(tokens, &path, uses) } else { uses.push(path) }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("sources are text");
                sources.push(Source { path: path.strip_prefix(&root).expect("it lies in src").into(), text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}
