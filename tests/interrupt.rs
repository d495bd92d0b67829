//! Ctrl-C ends the program with what is known.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

#[test]
fn an_interrupted_check_prints_what_is_known_and_ends_with_status_2() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["check", "models/lock/elections.toml", "-v"]);
    // Too large to end by itself.
    command.args(["--set", "design.contenders=6", "--budget", "never"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut aside = BufReader::new(child.stderr.take().expect("it is a pipe"));
    // It says what it begins to check, after it began to listen.
    let mut line = String::new();
    while !line.contains("hard-death-takeover under often") {
        line.clear();
        assert_ne!(aside.read_line(&mut line).expect("it can be read"), 0, "it ended by itself");
    }
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(interrupted.success());
    let (mut out, mut rest) = (String::new(), String::new());
    child.stdout.take().expect("it is a pipe").read_to_string(&mut out).expect("it prints text");
    aside.read_to_string(&mut rest).expect("it prints text");
    assert_eq!(child.wait().expect("it ends").code(), Some(2), "{out}{rest}");
    assert!(out.contains("UNKNOWN") && out.contains("hard-death-takeover within 60 s, under often"), "{out}");
    assert!(rest.contains("interrupted: this is what is known"), "{rest}");
}
