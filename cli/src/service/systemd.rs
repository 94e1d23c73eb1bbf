//! What systemd is told: a socket and a service, in the folder of the person's own units.

use super::Service;
use super::files::{Unit, first_lines};

impl Service {
    /// The two units of systemd, the socket first.
    pub fn systemd(&self) -> [Unit; 2] {
        [
            Unit { name: format!("{}.socket", self.name), text: self.socket_unit() },
            Unit { name: format!("{}.service", self.name), text: self.service_unit() },
        ]
    }

    fn socket_unit(&self) -> String {
        let Self { name, home, .. } = self;
        let head = first_lines("# ", &home.data, "");
        let socket = percents(&home.socket.display().to_string());
        format!(
            "\
{head}
[Unit]
Description=Where the commands of asif, a private journal, ask its daemon

[Socket]
ListenStream={socket}
Service={name}.service
SocketMode=0600
DirectoryMode=0700
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
"
        )
    }

    fn service_unit(&self) -> String {
        let Self { name, program, home, environment } = self;
        let head = first_lines("# ", &home.data, "");
        let program = quoted(&program.display().to_string());
        let environment: String =
            environment.iter().map(|(key, value)| format!("Environment={}\n", quoted(&format!("{key}={value}")))).collect();
        format!(
            "\
{head}
[Unit]
Description=The daemon of asif, a private journal
Requires={name}.socket
After={name}.socket

[Service]
Type=notify
ExecStart={program} run
{environment}Restart=on-failure
RestartSec=1s
# What would end in the same way again: words it does not know, a folder that others can open, another daemon, damage.
RestartPreventExitStatus=2 6 7 9

# Nothing of the journal reaches others or a core file.
UMask=0077
LimitCORE=0

# What the daemon never does, it cannot be made to do.
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
# By AF_NETLINK the system tells which addresses this machine has, and when they change.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
# Left out: ProtectSystem=, ProtectHome=, PrivateTmp= and what else needs a file system of its own. Without root they need user
# namespaces, which some systems refuse; the daemon would then not start at all. CapabilityBoundingSet= needs root as well.
# Left out: WatchdogSec=. A step that waits for a slow disk is no reason to end the daemon.

[Install]
WantedBy=default.target
"
        )
    }
}

/// A word of a unit that may hold anything but control characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", percents(&text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// A value in which systemd fills in nothing.
fn percents(text: &str) -> String {
    text.replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use crate::service::tests::of;

    #[test]
    fn the_units_are_as_they_were_looked_over() {
        let service = of(&[("HOME", "/home/robin"), ("XDG_RUNTIME_DIR", "/run/user/1000")], "/home/robin/.cargo/bin/asifd").unwrap();
        let [socket, unit] = service.systemd();
        assert_eq!((socket.name.as_str(), unit.name.as_str()), ("asifd.socket", "asifd.service"));
        assert_eq!(socket.text, include_str!("../../tests/golden/asifd.socket"));
        assert_eq!(unit.text, include_str!("../../tests/golden/asifd.service"));
    }

    #[test]
    fn a_path_with_quotes_percents_and_backslashes_stays_one_word() {
        let service = of(&[("ASIF_HOME", "/srv/100% \"mine\" \\n $HOME")], "/opt/a b/asifd").unwrap();
        let [socket, unit] = service.systemd();
        assert!(unit.text.contains("\nExecStart=\"/opt/a b/asifd\" run\n"), "{}", unit.text);
        assert!(unit.text.contains("\nEnvironment=\"ASIF_HOME=/srv/100%% \\\"mine\\\" \\\\n $HOME\"\n"), "{}", unit.text);
        assert!(socket.text.contains("\nListenStream=/srv/100%% \"mine\" \\n $HOME/run/asifd.sock\n"), "{}", socket.text);
    }
}
