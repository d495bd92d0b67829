//! The designs of the ring say where each property holds, and what it hangs on.

#[test]
fn the_catalogue_is_in_order() {
    let app = tenure::App::new().protocol(token_ring::protocol());
    tenure::catalogue::run(concat!(env!("CARGO_MANIFEST_DIR"), "/models"), &app);
}
