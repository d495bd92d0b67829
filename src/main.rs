fn main() -> std::process::ExitCode {
    tenure::App::new().main()
}
