//! Where design files are read from: the disk, or the catalogue inside the binary.

use std::{path::Path, sync::Arc};

use super::source::{BadInput, Result, Source};

/// A place that files are read from.
#[derive(Clone, Copy, Debug)]
pub enum Shelf {
    Disk,
    Embedded(&'static include_dir::Dir<'static>),
}

impl Shelf {
    /// Reads a text.
    ///
    /// # Errors
    /// A file that is missing or not UTF-8.
    pub fn read(self, path: &str) -> Result<Arc<Source>> {
        let bytes = match self {
            Shelf::Disk => std::fs::read(path).map_err(|error| error.to_string()),
            Shelf::Embedded(dir) => dir
                .get_file(path)
                .map(|file| file.contents().to_vec())
                .ok_or_else(|| "it is not in the catalogue of this program".into()),
        };
        let bytes = bytes.map_err(|error| BadInput::without_place(format!("cannot read {path}: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            BadInput::without_place(format!(
                "{path} is not UTF-8: line {line} has the byte 0x{:02x}",
                error.as_bytes()[at]
            ))
            .with_remedy("save the file as UTF-8")
        })?;
        Ok(Source::new(path, text))
    }

    /// Every design file below a folder, or the file itself, in order. Folders named `canary` are left out unless
    /// named.
    ///
    /// # Errors
    /// A path that does not exist, or a folder that cannot be read.
    pub fn designs(self, path: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        match self {
            Shelf::Disk if Path::new(path).is_file() => found.push(path.into()),
            Shelf::Disk => walk(Path::new(path), &mut found)
                .map_err(|error| BadInput::without_place(format!("cannot read {path}: {error}")))?,
            Shelf::Embedded(dir) => embedded(dir, &mut found),
        }
        found.sort();
        Ok(found)
    }
}

fn walk(folder: &Path, found: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "canary") {
                walk(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

fn embedded(dir: &'static include_dir::Dir<'static>, found: &mut Vec<String>) {
    let design = |file: &&include_dir::File<'static>| file.path().extension().is_some_and(|name| name == "toml");
    found.extend(dir.files().filter(design).map(|file| file.path().to_string_lossy().into_owned()));
    for inner in dir.dirs().filter(|inner| inner.path().file_name().is_none_or(|name| name != "canary")) {
        embedded(inner, found);
    }
}

/// A path named in a file, as seen from that file's folder, without `.` and `..` where possible.
pub(super) fn beside(file: &str, name: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." | "" => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
