//! `asif daemon install` and `asif daemon uninstall`

use std::path::PathBuf;

use asif_proto::local::{ErrorKind, Failure};
use serde::Serialize;

use crate::client::stop;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::service::manager::{self, Step};
use crate::service::{self, Service, files};

/// What was done about the service.
#[derive(Debug, Serialize)]
pub struct Done {
    done: &'static str,
    /// Its name.
    service: String,
    /// The files that were written or removed.
    files: Vec<PathBuf>,
    /// What the service manager was told; what is not `ok` is to be run once there is one.
    steps: Vec<Step>,
}

impl Done {
    /// Every step did what it says.
    fn is_whole(&self) -> bool {
        self.steps.iter().all(|step| step.ok)
    }

    /// What is left to be run, in one line.
    fn later(&self) -> String {
        self.steps.iter().filter(|step| !step.ok).map(|step| step.command.as_str()).collect::<Vec<_>>().join(" && ")
    }

    /// What the service manager said against it.
    fn why(&self) -> &str {
        self.steps.iter().find_map(|step| step.said.as_deref()).unwrap_or_default()
    }
}

/// Variables of the daemon that a service manager does not hand on, and what does what they do.
const UNSEEN: [(&str, &str); 3] = [
    ("ASIF_LISTEN", "asif config set listen ADDR keeps the address"),
    ("ASIF_DISCOVERY", "asif config set discovery off keeps the local network quiet"),
    ("ASIF_PORT_MAPPING", "asif config set port-mapping on asks the router"),
];

/// Writes the service of this home, and has the service manager start it.
pub(super) fn install(context: &mut Context<'_, '_>) -> Outcome {
    let starter = context.starter()?;
    let variable = context.world.variable;
    let service = Service::of(starter.home.clone(), starter.daemon()?, variable).map_err(Failure::from)?;
    let folder = files::folder(&variable).map_err(Failure::from)?;
    let units = if cfg!(target_os = "macos") { vec![service.launchd()] } else { service.systemd().to_vec() };
    let written = files::write(&folder, &units, &service.home).map_err(Failure::from)?;
    // One that runs already has the lock and the socket: the service manager's would be refused.
    stop::end(&starter, true)?;
    let steps = manager::run(manager::to_enable(&service, &folder), context.world.path.as_deref());
    let done = Done { done: "installed", service: service.name.clone(), files: written, steps };
    for (name, keeps) in UNSEEN.into_iter().filter(|(name, _)| variable(name).is_some_and(|value| !value.is_empty())) {
        context.explain(&format!("{name} is set here, and a service does not see it: {keeps}."));
    }
    let heard_of = done.steps.first().is_some_and(|step| step.ok);
    if heard_of && !done.is_whole() {
        let failure = Failure::new(ErrorKind::Failure, format!("the service is written and does not run: {}", done.why()));
        return Err(failure.hint(format!("{} tries again; asif daemon uninstall takes it back", done.later())).into());
    }
    context.tell(&done, |screen| {
        if done.is_whole() {
            screen.sentence("The daemon is a service of your session now: it starts when you log in, and when a command asks.");
        } else {
            screen.sentence(&format!("The service is written, and no service manager answered here ({}).", done.why()));
            screen.sentence("Until it does, the daemon starts by itself when a command needs it. When there is one, run:");
            screen.line(&format!("  {}", done.later()));
        }
        done.files.iter().for_each(|file| screen.line(&format!("  {}", file.display())));
        if !cfg!(target_os = "macos") {
            screen.line(&format!("Its log: {}", journal(&done.service)));
            screen.line("To let it run while you are logged out: loginctl enable-linger");
        }
    })
}

/// Ends the service of this home and removes its files.
pub(super) fn uninstall(context: &mut Context<'_, '_>) -> Outcome {
    let done = take_back(context)?;
    if done.files.is_empty() {
        return context.tell(&done, |screen| screen.line("The daemon is no service here."));
    }
    context.tell(&done, |screen| {
        screen.sentence(
            "The daemon is no service any more. Your journal is as it was, and the daemon starts by itself when a command needs it.",
        );
        done.files.iter().for_each(|file| screen.line(&format!("  removed {}", file.display())));
        if !done.is_whole() {
            screen.sentence(&format!("No service manager answered here ({}). If one runs elsewhere, tell it:", done.why()));
            screen.line(&format!("  {}", done.later()));
        }
    })
}

/// Ends the service of this home, where there is one, and removes its files. The service manager need not answer.
pub fn take_back(context: &mut Context<'_, '_>) -> Outcome<Done> {
    let home = context.home()?;
    let variable = context.world.variable;
    let name = service::name(&home, &variable);
    let found = installed(context)?;
    let Some((folder, paths)) = found else {
        return Ok(Done { done: "not installed", service: name, files: Vec::new(), steps: Vec::new() });
    };
    let path = context.world.path.clone();
    let mut steps = manager::run(manager::to_disable(&name), path.as_deref());
    files::remove(&folder, &paths).map_err(|error| CommandError::from(Failure::from(error)))?;
    if steps.iter().all(|step| step.ok) {
        steps.extend(manager::run(manager::to_forget(), path.as_deref()));
    }
    Ok(Done { done: "uninstalled", service: name, files: paths, steps })
}

/// The files of this home's service and their folder, where there are any.
pub fn installed(context: &Context<'_, '_>) -> Outcome<Option<(PathBuf, Vec<PathBuf>)>> {
    let home = context.home()?;
    let variable = context.world.variable;
    let Ok(folder) = files::folder(&variable) else { return Ok(None) };
    let paths = files::installed(&folder, &service::name(&home, &variable), &home);
    Ok((!paths.is_empty()).then_some((folder, paths)))
}

/// Where the log of a daemon that is a service goes, if it is one.
pub(super) fn log(context: &Context<'_, '_>) -> Outcome<Option<String>> {
    let name = service::name(&context.home()?, &context.world.variable);
    let there = installed(context)?.is_some() && !cfg!(target_os = "macos");
    Ok(there.then(|| format!("As a service it writes to the system's log: {}", journal(&name))))
}

fn journal(name: &str) -> String {
    format!("journalctl --user --unit {name}.service")
}
