//! The program `asif`.

fn main() -> std::process::ExitCode {
    asif_cli::main()
}
