//! One connection to the daemon's socket: frames, and the daemon's first one.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use asif_proto::frame::{Frame, HEADER_LEN, MAX_LEN, parse_header};
use asif_proto::local::{Answer, Hello, kind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use serde::Serialize;

use super::ClientError;
use crate::world::Patience;

/// How long to wait before looking again, while something is about to be there.
pub(super) const PAUSE: Duration = Duration::from_millis(5);

/// A connection on which the daemon has said hello.
pub struct Connection {
    stream: UnixStream,
    /// The daemon's first frame.
    pub hello: Hello,
}

impl Connection {
    /// Connects to `socket` and waits for the first frame: `patience.hello`, or as long as the daemon is only starting `patience.start`.
    ///
    /// A service manager listens before its daemon runs, and the connection is then what starts it. `is_starting` looks whether that is so.
    ///
    /// `None`: nobody listens there. A daemon that closes at once is on its way out: also `None`.
    pub fn open(socket: &Path, patience: Patience, is_starting: impl Fn() -> bool) -> Result<Option<Self>, ClientError> {
        let began = Instant::now();
        let hanging = || ClientError::Hanging { socket: socket.to_owned(), pid: None };
        let stream = match connect(socket, began + patience.hello) {
            Ok(Some(stream)) => stream,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(hanging()),
            Err(error) => return Err(error.into()),
        };
        let peer = rustix::net::sockopt::socket_peercred(&stream).map_err(io::Error::from)?;
        if peer.uid != rustix::process::geteuid() {
            return Err(ClientError::Stranger { socket: socket.to_owned(), uid: peer.uid.as_raw() });
        }
        let mut deadline = began + patience.hello;
        while !is_readable(&stream, deadline)? {
            let now = Instant::now();
            if now >= began + patience.start {
                return Err(if is_starting() { ClientError::Unstarted { socket: socket.to_owned() } } else { hanging() });
            }
            if !is_starting() {
                return Err(hanging());
            }
            deadline = (now + patience.hello).min(began + patience.start);
        }
        let frame = match read_frame(&stream, Some(Instant::now() + patience.hello)) {
            Ok(frame) => frame,
            Err(error) if timed_out(&error) => return Err(hanging()),
            Err(error) if gone(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        stream.set_read_timeout(None)?;
        match frame.kind {
            kind::HELLO => {
                let hello = serde_json::from_slice(&frame.bytes).map_err(|_| ClientError::Garbled)?;
                Ok(Some(Self { stream, hello }))
            }
            // A daemon that is full says so in place of its hello.
            kind::ANSWER => match serde_json::from_slice(&frame.bytes) {
                Ok(Answer::Error(failure)) => Err(ClientError::Refused(failure)),
                _ => Err(ClientError::Garbled),
            },
            _ => Err(ClientError::Garbled),
        }
    }

    /// Sends `value` as one frame. The inner error is a connection that broke.
    pub fn send<T: Serialize>(&mut self, kind: u16, value: &T) -> Result<io::Result<()>, ClientError> {
        let bytes = serde_json::to_vec(value).map_err(io::Error::from)?;
        if bytes.len() > MAX_LEN {
            return Err(ClientError::TooLong(bytes.len()));
        }
        Ok(self.stream.write_all(&Frame::new(kind, bytes).to_bytes()))
    }

    /// The next frame, awaited without a limit. The inner error is a connection that broke.
    pub fn receive(&mut self) -> Result<io::Result<Frame>, ClientError> {
        match read_frame(&self.stream, None) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(ClientError::Garbled),
            other => Ok(other),
        }
    }

    /// As [`Connection::receive`], but at most until `deadline`.
    pub(super) fn receive_until(&mut self, deadline: Instant) -> io::Result<Frame> {
        read_frame(&self.stream, Some(deadline))
    }
}

/// Connects; waits until `deadline` while the daemon's queue of callers is full (then the error is `WouldBlock`).
fn connect(socket: &Path, deadline: Instant) -> io::Result<Option<UnixStream>> {
    let address = SocketAddrUnix::new(socket)?;
    loop {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let descriptor: OwnedFd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        match rustix::net::connect(&descriptor, &address) {
            Ok(()) => {
                let stream = UnixStream::from(descriptor);
                stream.set_nonblocking(false)?;
                return Ok(Some(stream));
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::CONNREFUSED) => return Ok(None),
            Err(Errno::AGAIN) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits until there is something to read, or the other end is gone; at most until `deadline`.
fn is_readable(stream: &UnixStream, deadline: Instant) -> io::Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        match poll(&mut [PollFd::new(stream, PollFlags::IN)], Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads one frame; its length is checked before anything is allocated.
fn read_frame(stream: &UnixStream, deadline: Option<Instant>) -> io::Result<Frame> {
    let mut header = [0; HEADER_LEN];
    read_exact(stream, &mut header, deadline)?;
    let (kind, len) = parse_header(header).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let mut bytes = vec![0; len];
    read_exact(stream, &mut bytes, deadline)?;
    Ok(Frame { kind, bytes })
}

fn read_exact(mut stream: &UnixStream, mut into: &mut [u8], deadline: Option<Instant>) -> io::Result<()> {
    let Some(deadline) = deadline else {
        return stream.read_exact(into);
    };
    while !into.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(into) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => into = into.get_mut(read..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}
