//! The designs in `models/` are as they say.

#[test]
fn every_design_is_as_it_expects_and_every_property_holds_somewhere_and_hangs_on_something() {
    let app = tenure::App::new().protocol(tenure::lease::protocol()).protocol(tenure::lock::protocol());
    tenure::catalogue::run("models", &app);
}
