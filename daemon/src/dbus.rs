//! Other programs of this machine, over D-Bus: the [`desktop`] that shows notices, and the session manager that says when the machine goes to [`sleep`].
//!
//! Whatever a bus does, nobody waits for it; and only a socket of this machine is one.

pub mod desktop;
pub mod sleep;

/// Whether an address is a socket of this machine.
fn is_local(address: &str) -> bool {
    address.split(';').all(|one| one.starts_with("unix:"))
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
