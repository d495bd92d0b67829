//! The designs in `models/` are as they say.

#[test]
fn every_design_is_as_it_expects_and_every_property_holds_somewhere_and_hangs_on_something() {
    let app = tenure::own();
    tenure::catalogue::run("models", &app);
}
