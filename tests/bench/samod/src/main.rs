//! The first sync of [samod](https://docs.rs/samod): how long until a new repository has everything that another one has.
//!
//! ```text
//! samod-first-sync FILE ROUNDS
//! ```
//! `FILE` has a session on each line: its document, its key in the root of it, and its text ([`journal::Line`]). One repository holds them all in
//! memory, as asif does: a document for each month, a change for each session. Another one, which is empty, connects to it over TCP on loopback,
//! asks for every document and reads every key. What is printed is one line of JSON ([`sync::Told`]).

mod counted;
mod journal;
mod sync;

/// Why nothing was measured.
type Refusal = Box<dyn std::error::Error>;

fn main() -> Result<(), Refusal> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(rounds)) = (arguments.next(), arguments.next()) else { return Err("FILE and ROUNDS are needed".into()) };
    let rounds: usize = rounds.parse()?;
    let documents = journal::documents(&std::fs::read_to_string(file)?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let told = runtime.block_on(sync::measure(documents, rounds))?;
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}
