//! Packs what a checkpoint carries: a second of work for a year of sessions, on a thread of its own.

use tokio::sync::mpsc;

use crate::journal::bundle;
use crate::replica::effect::Opaque;

/// As small as it gets.
const LEVEL: i32 = 19;

/// One that packs; the core asks for one thing at a time.
pub(super) struct Packer {
    sender: mpsc::Sender<Result<Opaque, String>>,
    packed: mpsc::Receiver<Result<Opaque, String>>,
}

impl Packer {
    pub(super) fn new() -> Self {
        let (sender, packed) = mpsc::channel(1);
        Self { sender, packed }
    }

    /// Begins to pack. What came of it is told by [`packed`](Self::packed), unless the daemon stops before.
    pub(super) fn pack(&self, folded: Opaque) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let packed = bundle::pack(folded.as_slice(), LEVEL).map(Opaque::new).map_err(|error| error.to_string());
            // Nobody listens any more once the daemon stops.
            let _ = sender.blocking_send(packed);
        });
    }

    /// What came of it.
    pub(super) async fn packed(&mut self) -> Option<Result<Opaque, String>> {
        self.packed.recv().await
    }
}
