//! The daemon's socket, spoken to by the bench itself.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use asif_proto::frame::{Frame, HEADER_LEN, parse_header};
use asif_proto::local::{Answer, Ask, ListFilter, Reply, Request, kind};
use asif_proto::record::Session;
use uuid::Uuid;

use crate::Refusal;
use crate::journal::ZONE;

/// An open connection.
pub(crate) struct Socket(UnixStream);

impl Socket {
    /// Connects and reads the daemon's first frame.
    pub(crate) fn open(socket: &Path) -> Result<Self, Refusal> {
        let mut this = Self(UnixStream::connect(socket)?);
        match this.read()?.kind {
            kind::HELLO => Ok(this),
            _ => Err("no hello".into()),
        }
    }

    /// Asks what must be granted.
    pub(crate) fn ask(&mut self, request: Request) -> Result<Reply, Refusal> {
        self.ask_as(Uuid::now_v7(), request)
    }

    /// The same under an id, which is that of what is begun by it and tells the month that it lies in.
    pub(crate) fn ask_as(&mut self, id: Uuid, request: Request) -> Result<Reply, Refusal> {
        match self.answer_to(id, request)? {
            Answer::Reply(reply) => Ok(*reply),
            Answer::Error(failure) => Err(failure.to_string().into()),
        }
    }

    /// Asks and waits for the answer, whatever it is.
    pub(crate) fn answer(&mut self, request: Request) -> Result<Answer, Refusal> {
        self.answer_to(Uuid::now_v7(), request)
    }

    fn answer_to(&mut self, id: Uuid, request: Request) -> Result<Answer, Refusal> {
        let ask = Ask { version: 1, id, zone: ZONE.into(), request };
        self.0.write_all(&Frame::new(kind::ASK, serde_json::to_vec(&ask)?).to_bytes())?;
        let mut json = Vec::new();
        loop {
            let frame = self.read()?;
            json.extend_from_slice(&frame.bytes);
            match frame.kind {
                kind::ANSWER => break,
                kind::MORE => {}
                _ => json.clear(),
            }
        }
        Ok(serde_json::from_slice(&json)?)
    }

    /// The newest sessions.
    pub(crate) fn newest(&mut self, limit: Option<usize>) -> Result<Vec<Session>, Refusal> {
        match self.ask(Request::List(ListFilter { limit, ..ListFilter::default() }))? {
            Reply::Sessions(sessions) => Ok(sessions),
            _ => Err("another reply than was asked for".into()),
        }
    }

    fn read(&mut self) -> Result<Frame, Refusal> {
        let mut header = [0; HEADER_LEN];
        self.0.read_exact(&mut header)?;
        let (kind, len) = parse_header(header)?;
        let mut bytes = vec![0; len];
        self.0.read_exact(&mut bytes)?;
        Ok(Frame { kind, bytes })
    }
}
