//! `asif config`

use asif_proto::local::{Reply, Request, Setting};
use clap::Subcommand;

use crate::client::ClientError;
use crate::completion::settings;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::config;

/// Settings of this machine: in config.toml, or in the environment, which counts before it.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// The value of one setting.
    Get {
        /// The setting
        #[arg(add = settings())]
        key: String,
    },
    /// Change one setting.
    Set {
        /// The setting
        #[arg(add = settings())]
        key: String,
        /// Its value
        #[arg(required_unless_present = "default", allow_hyphen_values = true, value_parser = super::prose::words)]
        value: Option<String>,
        /// Back to the default
        #[arg(long, conflicts_with = "value")]
        default: bool,
    },
    /// Every setting, its value and where that comes from.
    List,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Get { key } => {
                let setting = one(Request::ConfigGet { key }, context)?;
                context.tell(&setting, |screen| screen.line(config::in_force(&setting)))?;
                tell_problems(&[setting], context);
                Ok(())
            }
            Self::Set { key, value, .. } => {
                let setting = one(Request::ConfigSet { key, value }, context)?;
                context.tell(&setting, |screen| config::changed(screen, &setting))
            }
            Self::List => {
                let settings = all(Request::ConfigList, context)?;
                context.tell(&settings, |screen| config::list(screen, &settings))?;
                tell_problems(&settings, context);
                Ok(())
            }
        }
    }
}

/// What is not as it should be where a setting stands.
fn tell_problems(settings: &[Setting], context: &mut Context<'_, '_>) {
    for problem in settings.iter().filter_map(|setting| setting.problem.as_deref()).filter(|_| !context.json()).collect::<Vec<_>>() {
        context.explain(&format!("look here: {problem}"));
    }
}

fn all(request: Request, context: &mut Context<'_, '_>) -> Outcome<Vec<Setting>> {
    context.ask_for(request, |reply| if let Reply::Config(settings) = reply { Some(settings) } else { None })
}

fn one(request: Request, context: &mut Context<'_, '_>) -> Outcome<Setting> {
    Ok(all(request, context)?.pop().ok_or(ClientError::Garbled)?)
}
