//! A folder of its own for a test, and the program run in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub struct Folder(pub PathBuf);

/// What a run of the program left.
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub aside: String,
}

impl Folder {
    pub fn new(name: &str, files: &[(&str, String)]) -> Folder {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an old run's folder can go");
        }
        fs::create_dir_all(&folder).expect("folders can be made");
        for (file, text) in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().expect("it is in the folder")).expect("folders can be made");
            fs::write(path, text).expect("files can be written");
        }
        Folder(folder)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        command.args(arguments).current_dir(&self.0);
        command
    }

    pub fn tenure(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
        Run { code: output.status.code(), out: text(output.stdout), aside: text(output.stderr) }
    }
}

impl Run {
    /// That it ended so, and what it said.
    pub fn ends(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.aside);
        self
    }
}
