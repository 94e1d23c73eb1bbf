//! Before a release: fails where a number of `asif crisis` was last looked up more than twelve months before the day that is named.

use std::process::ExitCode;

use asif_cli::command::crisis::numbers::Numbers;

fn main() -> ExitCode {
    let Some(today) = std::env::args().nth(1).and_then(|day| day.parse().ok()) else {
        eprintln!("name the day: cargo run -p asif-cli --example stale-numbers -- 2026-11-24");
        return ExitCode::from(2);
    };
    let stale = Numbers::ours().stale(today);
    for one in &stale {
        eprintln!("look it up again, and write down where and when in cli/data/crisis-numbers.toml: {one}");
    }
    if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
