//! A D-Bus of the test's own. Where `dbus-daemon` is not installed the tests that need it say so and pass.

use std::process::{Child, Command, Stdio};

use crate::harness::Home;

/// It ends with this.
pub(crate) struct Bus {
    process: Child,
    pub(crate) address: String,
}

impl Bus {
    /// Starts it beside a home.
    pub(crate) fn start(home: &Home) -> Option<Self> {
        let (socket, config) = (home.beside().join("bus"), home.beside().join("bus.conf"));
        let address = format!("unix:path={}", socket.display());
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth><policy context=\"default\">\
             <allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/></policy></busconfig>"
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--nofork").arg("--nopidfile").arg(format!("--config-file={}", config.display()));
        match command.stdin(Stdio::null()).stdout(Stdio::null()).spawn() {
            Ok(process) => Some(Self { process, address }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("skipped: dbus-daemon is not installed");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
