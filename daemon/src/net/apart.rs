//! For tests: a network of one's own, where addresses may be changed and nobody else hears anything.

use std::process::Command;

/// Set where the test is run by itself.
const INSIDE: &str = "ASIF_TEST_INSIDE_A_NETWORK_OF_ITS_OWN";

/// Runs the test `name`, with the modules it lies in, again in a network of its own; whether this is that run. Where the system refuses that it says so.
pub(super) fn in_a_network_of_its_own(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let probe = Command::new("unshare").args(["-rn", "ip", "link", "set", "lo", "up"]).output();
    match probe {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            eprintln!("skipped: no network of its own here ({})", String::from_utf8_lossy(&output.stderr).trim());
            return false;
        }
        Err(error) => {
            eprintln!("skipped: no network of its own here ({error})");
            return false;
        }
    }
    let itself = std::env::current_exe().unwrap();
    let output = Command::new("unshare").arg("-rn").arg(itself).args(["--exact", name, "--nocapture"]).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    false
}

/// The command `ip` with these arguments, parted by blanks.
pub(super) fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}
