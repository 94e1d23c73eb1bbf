//! What launchd is told: one agent of the person's session. It runs the daemon all the time, since launchd hands sockets over by other means.

use super::Service;
use super::files::{Unit, first_lines};

impl Service {
    /// The label that launchd knows it by.
    pub fn label(&self) -> String {
        format!("asif.{}", self.name)
    }

    /// The agent of launchd.
    pub fn launchd(&self) -> Unit {
        let label = self.label();
        let head = first_lines("<!-- ", &self.home.data, " -->");
        let program = escaped(&self.program.display().to_string());
        let log = escaped(&self.home.state.join("launchd.log").display().to_string());
        let variable = |(key, value): &(&str, String)| format!("    <key>{key}</key>\n    <string>{}</string>\n", escaped(value));
        let environment: String = self.environment.iter().map(variable).collect();
        let text = format!(
            "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
{head}<plist version=\"1.0\">
<dict>
  <key>Label</key>
  <string>{label}</string>
  <key>ProgramArguments</key>
  <array>
    <string>{program}</string>
    <string>run</string>
  </array>
  <key>EnvironmentVariables</key>
  <dict>
{environment}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ProcessType</key>
  <string>Background</string>
  <key>Umask</key>
  <integer>63</integer>
  <key>HardResourceLimits</key>
  <dict>
    <key>Core</key>
    <integer>0</integer>
  </dict>
  <key>StandardErrorPath</key>
  <string>{log}</string>
</dict>
</plist>
"
        );
        Unit { name: format!("{label}.plist"), text }
    }
}

/// Text inside an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use crate::service::tests::of;

    #[test]
    fn the_agent_is_as_it_was_looked_over() {
        let service = of(&[("ASIF_HOME", "/Users/robin/a & b")], "/Users/robin/.cargo/bin/asifd").unwrap();
        let agent = service.launchd();
        assert_eq!(agent.name, format!("asif.{}.plist", service.name));
        assert_eq!(agent.text, include_str!("../../tests/golden/agent.plist"));
    }
}
