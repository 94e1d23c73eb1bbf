//! The asif daemon.

use std::process::ExitCode;

fn main() -> ExitCode {
    asif_daemon::main()
}
