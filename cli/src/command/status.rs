//! `asif status`

use asif_proto::home::Home;
use asif_proto::local::{Reply, Request};
use serde::Serialize;

use crate::client::find;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::status;

/// How things are: the daemon, your devices, who sees what.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only where things live on this machine
    #[arg(long)]
    paths: bool,
}

/// Where things live; told without the daemon.
#[derive(Debug, Serialize)]
pub struct Paths {
    #[serde(flatten)]
    home: Home,
    lock: std::path::PathBuf,
    log: std::path::PathBuf,
}

impl Paths {
    fn of(mut home: Home) -> Self {
        home.socket = find::socket(&home);
        Self { lock: home.lock(), log: home.log(), home }
    }

    /// Each path with its name.
    pub fn named(&self) -> [(&'static str, &std::path::Path); 6] {
        [
            ("data", &self.home.data),
            ("state", &self.home.state),
            ("config", &self.home.config),
            ("socket", &self.home.socket),
            ("lock", &self.lock),
            ("log", &self.log),
        ]
    }
}

impl Args {
    /// Tells the status.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if self.paths {
            let paths = Paths::of(context.home()?);
            return context.tell(&paths, |screen| status::paths(screen, &paths));
        }
        let status = context.ask_for(Request::Status, |reply| if let Reply::Status(status) = reply { Some(status) } else { None })?;
        context.tell(&status, |screen| status::status(screen, &status))
    }
}
