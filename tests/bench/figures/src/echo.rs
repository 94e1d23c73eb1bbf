//! One round trip: a frame there and a frame back, over the daemon's own network code, between two ends in this process.

use std::collections::HashSet;

use asif_daemon::net::{Command, Event, Gate, LinkId, LinkSecret, Net};
use asif_proto::frame::Frame;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::Refusal;

/// The kind of the frames; nobody reads it.
const KIND: u16 = 1000;

/// An open connection between two ends.
pub(crate) struct Echo {
    runtime: Runtime,
    near: (Net, LinkId, mpsc::Receiver<Event>),
    far: (Net, LinkId, mpsc::Receiver<Event>),
}

impl Echo {
    /// Connects both ends on loopback.
    pub(crate) fn open() -> Result<Self, Refusal> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let secrets = [LinkSecret::from_seed([1; 32]), LinkSecret::from_seed([2; 32])];
        let keys: HashSet<_> = secrets.iter().map(LinkSecret::link_key).collect();
        let gate = Gate::default();
        gate.set(keys, false);
        let ((near_tx, near_rx), (far_tx, far_rx)) = (mpsc::channel(64), mpsc::channel(64));
        let [one, other] = &secrets;
        let local = "127.0.0.1:0".parse()?;
        let near = runtime.block_on(Net::bind(local, one, gate.clone(), near_tx))?;
        let far = runtime.block_on(Net::bind(local, other, gate, far_tx))?;
        let dialled = LinkId(2);
        let inside = runtime.enter();
        near.command(Command::Dial { link: dialled, peer: Some(other.link_key()), addresses: vec![far.local_addr()], names: Vec::new(), shows: None });
        near.command(Command::Send { link: dialled, frame: Frame::new(KIND, vec![0; 16]) });
        drop(inside);
        let mut echo = Self { runtime, near: (near, dialled, near_rx), far: (far, LinkId(0), far_rx) };
        // The dialler takes the link for open at the first frame from the other end.
        echo.far.1 = loop {
            if let Event::Opened { link, .. } = next(&echo.runtime, &mut echo.far.2)? {
                break link;
            }
        };
        echo.far.0.command(Command::Send { link: echo.far.1, frame: Frame::new(KIND, vec![0; 16]) });
        heard(&echo.runtime, &mut echo.far.2)?;
        heard(&echo.runtime, &mut echo.near.2)?;
        Ok(echo)
    }

    /// A frame of `there` bytes there, a frame of `back` bytes back.
    pub(crate) fn round_trip(&mut self, there: usize, back: usize) -> Result<(), Refusal> {
        let Self { runtime, near, far } = self;
        let _inside = runtime.enter();
        near.0.command(Command::Send { link: near.1, frame: Frame::new(KIND, vec![0; there]) });
        heard(runtime, &mut far.2)?;
        far.0.command(Command::Send { link: far.1, frame: Frame::new(KIND, vec![0; back]) });
        heard(runtime, &mut near.2)
    }

    /// Ends both.
    pub(crate) fn close(self) {
        self.runtime.block_on(async {
            self.near.0.shutdown().await;
            self.far.0.shutdown().await;
        });
    }
}

fn heard(runtime: &Runtime, events: &mut mpsc::Receiver<Event>) -> Result<(), Refusal> {
    loop {
        match next(runtime, events)? {
            Event::Frame { .. } => return Ok(()),
            Event::Opened { .. } | Event::Moved { .. } => {}
            other => return Err(format!("the connection ended: {other:?}").into()),
        }
    }
}

fn next(runtime: &Runtime, events: &mut mpsc::Receiver<Event>) -> Result<Event, Refusal> {
    runtime.block_on(events.recv()).ok_or_else(|| "the network ended".into())
}
