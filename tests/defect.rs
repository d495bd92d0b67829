//! A defect ends a program with status 4 and one line, whatever it was about to print.
//!
//! This test is a program: run without arguments it runs itself with some, as a user of the protocol below would.

use std::process::{Command, ExitCode};

use tenure::{
    App,
    lease::Lease,
    spec::{Builder, DesignError, Property, Protocol, Setup},
};

/// The lease lock, with a defect on purpose.
struct Broken(Lease);

impl Protocol for Broken {
    type Process = <Lease as Protocol>::Process;
    type Memory = <Lease as Protocol>::Memory;
    type Design = <Lease as Protocol>::Design;

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn about(&self) -> &'static str {
        self.0.about()
    }

    fn properties(&self) -> Vec<Property<Self::Process, Self::Memory>> {
        self.0.properties()
    }

    fn build(&self, _: &Self::Design, _: Builder) -> Result<Setup<Self::Process>, DesignError> {
        panic!("a defect, on purpose")
    }
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "check") {
        return App::new().protocol(Broken(tenure::lease::protocol())).main();
    }
    a_defect_is_status_4_and_one_line();
    println!("test result: ok. 1 passed; 0 failed");
    ExitCode::SUCCESS
}

fn a_defect_is_status_4_and_one_line() {
    let itself = std::env::current_exe().expect("a program knows where it is");
    let mut command = Command::new(itself);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["check", "models/lease/closed-form.toml"]);
    let output = command.output().expect("it starts");
    let aside = String::from_utf8(output.stderr).expect("it prints text");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0), "{aside}");
    assert!(aside.starts_with("internal error, please report it: a defect, on purpose (tests/defect.rs:"), "{aside}");
    assert_eq!(aside.lines().count(), 1, "{aside}");
}
