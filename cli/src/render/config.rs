//! Settings.

use asif_proto::local::Setting;

use super::Screen;
use super::table::Table;

/// The value that counts.
pub fn in_force(setting: &Setting) -> &str {
    setting.value.as_deref().unwrap_or(&setting.default)
}

/// What a changed setting is now.
pub fn changed(screen: &mut Screen, setting: &Setting) {
    screen.line(&format!("{} is now {}", setting.key, told(setting)));
    if setting.source == "environment" {
        screen.line("  the environment says otherwise, and counts while it does");
    }
    match setting.key.as_str() {
        // These the command line reads itself.
        "country" => screen.line("  it holds from now on: asif crisis numbers"),
        "own-number" => {
            screen.line("  it is shown first from now on: asif crisis numbers");
            screen.line("  it is kept in the clear in config.toml: whoever can read your files can read it");
        }
        "quiet-hours" => screen.line("  it holds from now on: asif remind list"),
        "discovery" | "lock-after" => screen.line("  it holds from now on"),
        "port-mapping" => screen.line("  it holds from now on; what comes of it: asif doctor"),
        "editor" => screen.line("  it holds from now on: asif edit ID"),
        _ => screen.line("  it holds from the next start of the daemon: asif daemon restart"),
    }
}

/// The settings in columns.
pub fn list(screen: &mut Screen, settings: &[Setting]) {
    let mut table = Table::new(&["Setting", "Value", "From", "What it does"]);
    for setting in settings.iter().filter(|setting| !setting.help.is_empty()) {
        table.row(vec![setting.key.clone(), told(setting), from(setting).to_owned(), setting.help.clone()]);
    }
    table.show(screen);
}

fn from(setting: &Setting) -> &str {
    match setting.source.as_str() {
        "config" => "file",
        other => other,
    }
}

fn told(setting: &Setting) -> String {
    match in_force(setting) {
        "" => "(nothing)".to_owned(),
        value => value.to_owned(),
    }
}
