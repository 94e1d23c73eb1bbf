//! The floor under every command: the least of programs, and somebody who answers it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use crate::{Bench, Refusal};

/// Answers at a socket from now on; the command asks there.
pub(crate) fn serve(bench: &Bench<'_>) -> Result<Command, Refusal> {
    let path = bench.place.join("floor.sock");
    // An earlier part of this run may have had one.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    // It ends with the program: whoever waits for a caller that does not come holds nothing.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            if BufReader::new(&stream).read_line(&mut line).is_ok() {
                let _ = (&stream).write_all(line.as_bytes());
            }
        }
    });
    let mut floor = Command::new(&bench.programs.floor);
    floor.env_clear().arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(floor)
}
