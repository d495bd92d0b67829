//! cli
use std::process::ExitCode;

use crate::app::App;

pub(crate) fn main(_: &App) -> ExitCode {
    ExitCode::SUCCESS
}
