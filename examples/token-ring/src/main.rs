fn main() -> std::process::ExitCode {
    tenure::App::new().protocol(token_ring::protocol()).main()
}
