//! The least that any command line with a daemon does: connect to a Unix socket, send one line, read one line.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

fn main() -> std::io::Result<()> {
    let socket = std::env::args_os().nth(1).ok_or(std::io::ErrorKind::InvalidInput)?;
    let stream = UnixStream::connect(socket)?;
    (&stream).write_all(b"one line\n")?;
    BufReader::new(&stream).read_line(&mut String::new()).map(drop)
}
