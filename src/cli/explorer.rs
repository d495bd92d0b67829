//! `explorer`: stateright's page for the untimed model of a design.

use std::{
    net::{SocketAddr, TcpListener},
    thread::sleep,
    time::Duration,
};

use super::{Manner, Output};
use crate::{
    app::{App, vary::question},
    design::{BadInput, Result, Shelf},
};

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    file: String,
    #[arg(long, value_name = "ID")]
    property: String,
    /// The ledger, if the file asks for the property under several.
    #[arg(long, value_name = "LEDGER")]
    under: Option<String>,
    /// Change a value of the design first.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    assignments: Vec<String>,
    /// Where the page is served.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

/// How often it looks whether it is to end.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves the page until Ctrl-C.
pub(super) fn run(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output> {
    let design = app.load(Shelf::Disk, &arguments.file, &arguments.assignments)?;
    let question = question(app, &design, &arguments.property, arguments.under.as_deref(), None)?;
    let address = arguments.listen;
    // Stateright panics where it cannot listen.
    TcpListener::bind(address).map_err(|error| {
        let refusal = BadInput::without_place(format!("nobody can listen at {address}: {error}"));
        refusal.with_remedy("name another address with `--listen`")
    })?;
    app.protocol_of(&design)?.explore(&design, &question, address)?;
    eprintln!("{} under {}, without time: http://{address}/   Ctrl-C ends", question.property, question.ledger);
    while !manner.options.meter.is_stopped() {
        sleep(PAUSE);
    }
    Ok(Output::default())
}
