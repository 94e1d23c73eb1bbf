//! The local socket, spoken to by a test itself.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use asif_proto::frame::{Frame, HEADER_LEN, parse_header};
use asif_proto::local::{Answer, Ask, Hello, Reply, Request, kind};
use uuid::Uuid;

use crate::harness::{COMMAND, Home};

/// The daemon's socket, spoken to by the test itself.
pub(crate) struct Socket {
    stream: UnixStream,
}

impl Socket {
    /// Connects to the daemon of `home`, which must run.
    pub(crate) fn open(home: &Home) -> Self {
        let stream = UnixStream::connect(home.socket()).unwrap();
        stream.set_read_timeout(Some(COMMAND)).unwrap();
        let frame = read_frame(&stream).expect("no hello");
        assert_eq!(frame.kind, kind::HELLO);
        let _: Hello = serde_json::from_slice(&frame.bytes).unwrap();
        Self { stream }
    }

    /// Sends a request under `id` and leaves the answer where it is.
    pub(crate) fn send(&mut self, id: Uuid, request: Request) {
        let ask = Ask { version: 1, id, zone: "Europe/London".to_owned(), request };
        self.stream.write_all(&Frame::new(kind::ASK, serde_json::to_vec(&ask).unwrap()).to_bytes()).unwrap();
    }

    /// Asks under `id`.
    pub(crate) fn ask(&mut self, id: Uuid, request: Request) -> Answer {
        self.send(id, request);
        let frame = read_frame(&self.stream).expect("no answer");
        assert_eq!(frame.kind, kind::ANSWER);
        serde_json::from_slice(&frame.bytes).unwrap()
    }

    /// Asks under `id`, and takes the event that comes before the answer.
    pub(crate) fn event(&mut self, id: Uuid, request: Request) -> serde_json::Value {
        self.send(id, request);
        let frame = read_frame(&self.stream).expect("no event");
        assert_eq!(frame.kind, kind::EVENT);
        serde_json::from_slice(&frame.bytes).unwrap()
    }

    /// Asks under `id` what must be granted.
    #[track_caller]
    pub(crate) fn reply(&mut self, id: Uuid, request: Request) -> Reply {
        match self.ask(id, request) {
            Answer::Reply(reply) => *reply,
            Answer::Error(failure) => panic!("{failure:?}"),
        }
    }
}

fn read_frame(mut stream: &UnixStream) -> Option<Frame> {
    let mut header = [0; HEADER_LEN];
    stream.read_exact(&mut header).ok()?;
    let (kind, len) = parse_header(header).unwrap();
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).ok()?;
    Some(Frame { kind, bytes })
}
