//! One client, from its connection to its end.

use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use asif_proto::frame::{Frame, MAX_LEN};
use asif_proto::local::{Answer, ErrorKind, Failure, Hello, answer_frames, kind};
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};

use super::reading::{FrameReader, ReadFrameError, Unclear, Wanted, usage, wanted};
use super::{ClientId, Incoming, Outgoing, stop_of};

/// How long a client may take to read one message.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// How long it may take for all that is left when the daemon stops.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// A connected client.
pub(super) struct Client {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    reader: FrameReader,
    /// Bytes of messages that the socket has not taken yet, and how many of them it has.
    unsent: (Vec<u8>, usize),
    outgoing: mpsc::Receiver<Outgoing>,
    core: Core,
    /// It asked and has no answer yet.
    waits: bool,
    /// It was asked and has not decided yet.
    decides: bool,
}

/// The way from a client to the core.
pub(super) struct Core {
    id: ClientId,
    incoming: mpsc::Sender<Incoming>,
    stopped: watch::Receiver<bool>,
}

/// The connection is over.
struct Over;

impl Core {
    /// Waits until the core takes it, or the daemon stops.
    async fn take(&mut self, incoming: Incoming) -> Result<(), Over> {
        tokio::select! {
            biased;
            taken = self.incoming.send(incoming) => taken.map_err(|_| Over),
            () = stop_of(&mut self.stopped) => Err(Over),
        }
    }

    /// Tells the core that the client has left.
    pub(super) async fn say(mut self) {
        if self.take(Incoming::Gone { client: self.id }).await.is_err() {
            tracing::debug!(client = self.id.0, "nobody is left to hear that a client has gone");
        }
    }
}

impl Client {
    pub(super) fn new(
        id: ClientId,
        stream: UnixStream,
        outgoing: mpsc::Receiver<Outgoing>,
        incoming: mpsc::Sender<Incoming>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let (from, to) = stream.into_split();
        let core = Core { id, incoming, stopped };
        Self { from, to, reader: FrameReader::default(), unsent: (Vec::new(), 0), outgoing, core, waits: false, decides: false }
    }

    /// Serves it until it leaves, breaks the rules, or the daemon stops; what is left is to tell the core.
    pub(super) async fn serve(mut self, hello: &Hello) -> Core {
        let mut stopped = self.core.stopped.clone();
        let is_over = tokio::select! {
            biased;
            () = stop_of(&mut stopped) => false,
            Err(Over) = self.converse(hello) => true,
        };
        if !is_over && tokio::time::timeout(FLUSH_WITHIN, self.say_the_rest()).await.is_err() {
            tracing::warn!(client = self.core.id.0, "a client did not read its last answer");
        }
        self.core
    }

    /// Everything here may be given up at any `await` and lose nothing that was to be sent.
    async fn converse(&mut self, hello: &Hello) -> Result<Infallible, Over> {
        self.write(kind::HELLO, hello).await?;
        loop {
            tokio::select! {
                biased;
                what = self.outgoing.recv() => self.tell(what.ok_or(Over)?).await?,
                frame = self.reader.next(&mut self.from) => self.hear(frame).await?,
            }
        }
    }

    async fn say_the_rest(&mut self) -> Result<(), Over> {
        self.outgoing.close();
        self.flush().await?;
        while let Some(what) = self.outgoing.recv().await {
            self.tell(what).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, what: Outgoing) -> Result<(), Over> {
        match what {
            Outgoing::Event(event) => self.write(kind::EVENT, &event).await,
            Outgoing::Question(question) => {
                self.decides = true;
                self.write(kind::QUESTION, &question).await
            }
            Outgoing::Answer(answer) => {
                (self.waits, self.decides) = (false, false);
                let frames = answer_frames(&answer);
                let pieces = u32::try_from(frames.len()).unwrap_or(u32::MAX);
                self.put(frames.iter().flat_map(Frame::to_bytes).collect(), WRITE_WITHIN.saturating_mul(pieces)).await
            }
        }
    }

    async fn hear(&mut self, frame: Result<Frame, ReadFrameError>) -> Result<(), Over> {
        let frame = match frame {
            Ok(frame) => frame,
            Err(ReadFrameError::Ended) => return Err(Over),
            Err(ReadFrameError::Frame(error)) => return self.close(usage(format!("this is not how asif speaks: {error}"))).await,
        };
        let incoming = match wanted(&frame) {
            Ok(Wanted::Ask(_)) if self.waits => return self.close(usage("one request at a time: the last one has no answer yet")).await,
            Ok(Wanted::Decision(_)) if !self.decides => return self.close(usage("nothing was asked that could be decided")).await,
            Ok(Wanted::Ask(ask)) => {
                self.waits = true;
                Incoming::Ask { client: self.core.id, ask }
            }
            Ok(Wanted::Decision(decision)) => {
                self.decides = false;
                Incoming::Decision { client: self.core.id, yes: decision.yes }
            }
            Err(Unclear::Close(failure)) => return self.close(failure).await,
            Err(Unclear::Say(_)) if self.waits => return self.close(usage("one request at a time: the last one has no answer yet")).await,
            Err(Unclear::Say(failure)) => return self.write(kind::ANSWER, &Answer::Error(failure)).await,
        };
        self.core.take(incoming).await
    }

    async fn close(&mut self, failure: Failure) -> Result<(), Over> {
        tracing::warn!(client = self.core.id.0, "a client that does not speak the protocol was closed");
        self.write(kind::ANSWER, &Answer::Error(failure)).await?;
        Err(Over)
    }

    async fn write<T: Serialize>(&mut self, kind: u16, message: &T) -> Result<(), Over> {
        self.put(bytes(kind, message), WRITE_WITHIN).await
    }

    async fn put(&mut self, bytes: Vec<u8>, within: Duration) -> Result<(), Over> {
        self.unsent.0.extend(bytes);
        tokio::time::timeout(within, self.flush()).await.map_err(|_| Over)?
    }

    /// Gives the socket all that is unsent. Cancel safe.
    async fn flush(&mut self) -> Result<(), Over> {
        let (bytes, sent) = &mut self.unsent;
        while let Some(rest) = bytes.get(*sent..).filter(|rest| !rest.is_empty()) {
            match self.to.write(rest).await {
                Ok(0) | Err(_) => return Err(Over),
                Ok(taken) => *sent += taken,
            }
        }
        self.unsent = (Vec::new(), 0);
        Ok(())
    }
}

/// Tells a connection that it is not served and lets it go. It does not wait: both messages fit into the socket.
pub(super) fn refuse(stream: UnixStream, hello: &Hello, failure: Failure) {
    tracing::warn!("too many clients: a connection was refused");
    let mut both = bytes(kind::HELLO, hello);
    both.extend(bytes(kind::ANSWER, &Answer::Error(failure)));
    if stream.into_std().and_then(|mut stream| stream.write_all(&both)).is_err() {
        tracing::debug!("a refused client did not wait to hear why");
    }
}

/// A message as one frame. One that is over the limit becomes an error that says so.
fn bytes<T: Serialize>(kind: u16, message: &T) -> Vec<u8> {
    let failure = match serde_json::to_vec(message) {
        Ok(json) if json.len() <= MAX_LEN => return Frame::new(kind, json).to_bytes(),
        Ok(json) => Failure::new(ErrorKind::Failure, format!("a message has {} bytes; one holds {MAX_LEN}", json.len())),
        Err(error) => Failure::new(ErrorKind::Failure, format!("the answer cannot be written down: {error}")),
    };
    Frame::new(kind::ANSWER, serde_json::json!({ "error": failure }).to_string().into_bytes()).to_bytes()
}
