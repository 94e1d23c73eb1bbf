//! Telling a service manager how this daemon is doing, as `sd_notify(3)` describes it: one datagram to the socket in `NOTIFY_SOCKET`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It serves.
    Ready,
    /// It was told to stop, and is writing down what is left.
    Stopping,
}

/// Tells the service manager, where there is one. That it could not be told keeps nothing from being done.
pub fn tell(state: State) {
    let Some(to) = std::env::var_os("NOTIFY_SOCKET").filter(|to| !to.is_empty()) else { return };
    if let Err(error) = send(&to, state) {
        tracing::warn!(%error, ?state, "the service manager could not be told");
    }
}

fn send(to: &OsStr, state: State) -> io::Result<()> {
    let text = match state {
        State::Ready => "READY=1\n",
        State::Stopping => "STOPPING=1\n",
    };
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not hold the daemon up.
    socket.set_nonblocking(true)?;
    socket.send_to_addr(text.as_bytes(), &address(to)?).map(drop)
}

/// A path, or after `@` a name without a file.
fn address(to: &OsStr) -> io::Result<SocketAddr> {
    match to.as_bytes() {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        [b'@', name @ ..] => <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(to),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "NOTIFY_SOCKET names neither a path nor an abstract socket")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 64];
        let len = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..len]).into_owned()
    }

    #[test]
    fn a_path_and_an_abstract_name_are_both_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        send(path.as_os_str(), State::Ready).unwrap();
        assert_eq!(heard(&manager), "READY=1\n");
        send(path.as_os_str(), State::Stopping).unwrap();
        assert_eq!(heard(&manager), "STOPPING=1\n");
        #[cfg(target_os = "linux")]
        {
            let name = format!("@asif-{}", path.display());
            let manager = UnixDatagram::bind_addr(&address(OsStr::new(&name)).unwrap()).unwrap();
            send(OsStr::new(&name), State::Ready).unwrap();
            assert_eq!(heard(&manager), "READY=1\n");
        }
        assert!(send(OsStr::new("relative"), State::Ready).is_err());
    }
}
