fn main() -> std::process::ExitCode {
    tenure::App::new().protocol(tenure::lease::protocol()).main()
}
