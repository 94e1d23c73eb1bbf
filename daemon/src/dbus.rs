//! Other programs of this machine, over D-Bus: the [`desktop`] that shows notices, the [`keychain`] that may keep the key, and the session manager that
//! says when the machine goes to [`sleep`].
//!
//! Whatever a bus does, nobody waits for it; and only a socket of this machine is one.

mod aside;
pub mod desktop;
pub mod keychain;
pub mod sleep;

/// Whether an address is a socket of this machine.
fn is_local(address: &str) -> bool {
    address.split(';').all(|one| one.starts_with("unix:"))
}

/// The bus of this session, if it is one of this machine: of `DBUS_SESSION_BUS_ADDRESS`, else the socket `bus` in `XDG_RUNTIME_DIR`.
fn session_address() -> Option<String> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let address = set("DBUS_SESSION_BUS_ADDRESS").unwrap_or_else(|| {
        let folder = set("XDG_RUNTIME_DIR").unwrap_or_else(|| format!("/run/user/{}", rustix::process::getuid().as_raw()));
        format!("unix:path={folder}/bus")
    });
    is_local(&address).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_socket_of_this_machine_is_dialled() {
        assert!(is_local("unix:path=/run/user/1000/bus,guid=0") && is_local("unix:abstract=/tmp/x;unix:path=/y"));
        for elsewhere in ["tcp:host=10.0.0.1,port=1", "unix:path=/x;tcp:host=10.0.0.1,port=1", "unixexec:path=/bin/nc", ""] {
            assert!(!is_local(elsewhere), "{elsewhere}");
        }
    }
}
