//! Documents that came from elsewhere are loaded in another process first: this very program, with limits on memory and computing.
//!
//! ```text
//! to it      unfolded u32, packed bundle        on standard input, to its end
//! from it    postcard: list of (document, list of heads 32)         on standard output, and exit code 0; anything else: it does not load
//! ```

use std::io::{Read, Write};
use std::process::{Command, ExitCode, Stdio};

use asif_proto::frame;
use asif_proto::id::CheckpointId;
use tokio::sync::mpsc;

use crate::journal::bundle::{self, Heads, MAX_BUNDLE};
use crate::process;
use crate::replica::effect::{Input, Opaque};

/// Memory that one bundle may take to be loaded.
const MEMORY: u64 = 2 << 30;
/// Seconds of computing.
const SECONDS: u64 = 60;
/// What is said of a bundle is never longer.
const MAX_SAID: u64 = 4 << 20;

/// Whoever asks; the core asks for one bundle at a time.
pub(super) struct Judge {
    sender: mpsc::Sender<Input>,
    judged: mpsc::Receiver<Input>,
}

impl Judge {
    pub(super) fn new() -> Self {
        let (sender, judged) = mpsc::channel(1);
        Self { sender, judged }
    }

    /// Begins to judge. What came of it is told by [`judged`](Self::judged), unless the daemon stops before.
    pub(super) fn ask(&self, of: Option<(CheckpointId, usize)>, packed: Opaque, unfolded: u32) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let judged = in_another_process(packed.as_slice(), unfolded);
            // Nobody listens any more once the daemon stops.
            let _ = sender.blocking_send(Input::Judged { of, judged });
        });
    }

    /// What came of it.
    pub(super) async fn judged(&mut self) -> Option<Input> {
        self.judged.recv().await
    }
}

fn in_another_process(packed: &[u8], unfolded: u32) -> Result<Heads, String> {
    let words = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    let program = std::env::current_exe().map_err(words("this program is not found"))?;
    let mut child = Command::new(program)
        .arg("judge")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(words("another process cannot be started"))?;
    // It reads everything before it says anything. One that ended before it had read all says so below.
    let sent =
        child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(&unfolded.to_be_bytes()).and_then(|()| stdin.write_all(packed)));
    let mut said = Vec::new();
    let read = child.stdout.take().map_or(Ok(0), |stdout| stdout.take(MAX_SAID).read_to_end(&mut said));
    let status = child.wait().map_err(words("another process cannot be waited for"))?;
    if !status.success() {
        return Err(format!("loading it in another process ended with {status}"));
    }
    sent.and(read).map_err(words("another process did not answer"))?;
    frame::decode(&said).ok_or_else(|| "another process gave an answer that does not read".into())
}

/// The other process.
pub(super) fn main() -> ExitCode {
    let confined = process::harden().and_then(|()| process::confine(MEMORY, SECONDS));
    if let Err(error) = confined {
        eprintln!("asifd: {error}");
        return ExitCode::FAILURE;
    }
    let mut asked = Vec::new();
    let longest = u64::try_from(MAX_BUNDLE).unwrap_or(u64::MAX);
    if std::io::stdin().lock().take(longest).read_to_end(&mut asked).is_err() {
        return ExitCode::FAILURE;
    }
    let judged = asked.split_first_chunk::<4>().map(|(unfolded, packed)| bundle::judge(packed, u32::from_be_bytes(*unfolded)));
    match judged {
        Some(Ok(documents)) if std::io::stdout().lock().write_all(&frame::encode(&documents)).is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
