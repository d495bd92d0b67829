//! The program for the protocols of this repository.

use tenure::include_dir::{Dir, include_dir};

/// States are many small allocations; this allocator halves what they cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

static CATALOGUE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/models");

fn main() -> std::process::ExitCode {
    tenure::own().catalogue(&CATALOGUE).main()
}
