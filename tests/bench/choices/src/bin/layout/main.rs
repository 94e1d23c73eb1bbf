//! How a session lies in its month document: as a map of scalar fields, or packed as one value with edits laid over.
//!
//! ```text
//! layout [--sessions 36500] [--months 120] [--seed 1]
//! ```
//! One session is one change, one session in ten is edited once, each edit is one change. The layouts take turns
//! month by month, so that noise falls on all of them.

mod journal;
mod layout;
mod measure;
mod session;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, otherwise: u64| match arguments.iter().position(|it| it == name) {
        Some(at) => arguments.get(at + 1).map_or(Ok(otherwise), |it| it.parse()),
        None => Ok(otherwise),
    };
    let (sessions, months, seed) = (number("--sessions", 36_500)?, number("--months", 120)?, number("--seed", 1)?);
    println!("seed {seed}, {sessions} sessions in {months} months");
    measure::run(&journal::months(seed, sessions, months))
}
