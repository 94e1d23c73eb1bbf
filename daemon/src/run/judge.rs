//! Documents that came from elsewhere are loaded in another process first: this very program, with limits on memory and computing.
//!
//! ```text
//! to it      length u32, postcard: (unfolded, what was erased or none) · packed bundle        on standard input, to its end
//! from it    postcard: list of [`Judged`]          on standard output, and exit code 0; anything else: it does not load
//! ```

use std::io::{Read, Write};
use std::process::{ChildStdin, Command, ExitCode, Stdio};

use asif_proto::frame;
use asif_proto::id::CheckpointId;
use tokio::sync::mpsc;

use crate::journal::bundle::{self, Judged, MAX_BUNDLE};
use crate::process;
use crate::replica::effect::{Input, Opaque};
use crate::seal::body::Erase;

/// Memory that one bundle may take to be loaded.
const MEMORY: u64 = 2 << 30;
/// Seconds of computing.
const SECONDS: u64 = 60;
/// What is said of a bundle is never longer: the rows say each thing once.
const MAX_SAID: u64 = MAX_BUNDLE as u64;

/// Whoever asks; the core asks for few bundles at a time.
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
    pub(super) fn ask(&self, of: Option<(CheckpointId, usize)>, packed: Opaque, unfolded: u32, erased: Option<Erase>) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let judged = in_another_process(packed.as_slice(), &(unfolded, erased));
            // Nobody listens any more once the daemon stops.
            let _ = sender.blocking_send(Input::Judged { of, judged });
        });
    }

    /// What came of it.
    pub(super) async fn judged(&mut self) -> Option<Input> {
        self.judged.recv().await
    }
}

/// How long the bundle is unpacked, and what was erased.
type Head = (u32, Option<Erase>);

fn in_another_process(packed: &[u8], head: &Head) -> Result<Vec<Judged>, String> {
    let head = frame::encode(head);
    let length = u32::try_from(head.len()).map_err(|_| "what was erased is too long to be told".to_owned())?.to_be_bytes();
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
    let say = |mut stdin: ChildStdin| [&length[..], &head, packed].into_iter().try_for_each(|part| stdin.write_all(part));
    let sent = child.stdin.take().map_or(Ok(()), say);
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
    let parts =
        asked.split_first_chunk::<4>().and_then(|(length, rest)| rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?));
    let judged = parts.and_then(|(head, packed)| {
        let (unfolded, erased) = frame::decode::<Head>(head)?;
        Some(bundle::judge(packed, unfolded, erased.as_ref()))
    });
    match judged {
        Some(Ok(documents)) if std::io::stdout().lock().write_all(&frame::encode(&documents)).is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
