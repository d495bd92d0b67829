//! The page on which one looks around in the untimed model.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
};

const ASKED: [&str; 6] =
    ["explorer", "models/lease/closed-form.toml", "--property", "at-most-one-believes", "--under", "one-crash"];

fn explorer(address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(ASKED).args(["--listen", address]);
    command
}

/// What a browser would be sent.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers with text");
    answer
}

#[test]
fn steps_are_shown_in_words_and_an_address_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let refused = explorer(&address).output().expect("it starts");
    let aside = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(3) && aside.contains("nobody can listen at"), "{aside}");
    drop(taken);

    let mut child = explorer(&address).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    let mut aside = BufReader::new(child.stderr.take().expect("it is a pipe"));
    aside.read_line(&mut line).expect("it prints text");
    assert!(line.contains(&format!("http://{address}/")), "{line}");
    // Whoever asks at once may come before it listens.
    while TcpStream::connect(&address).is_err() {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended by itself");
    }
    let first = get(&address, "/.states/");
    assert!(first.contains("S down") && first.contains("Due Start { node: n0 }"), "{first}");
    let next = get(&address, "/.states/0");
    assert!(next.contains("\"action\":\"Start { node: n0 }\"") && next.contains("at most one contender"), "{next}");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
