//! The commands: one file each, whose `Args` say what it takes; its doc comment is its help.

use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;

pub mod borrow;
pub mod caseload;
pub mod config;
pub mod daemon;
pub mod delete;
pub mod device;
pub mod doctor;
pub mod edit;
pub mod fields;
pub mod helper;
pub mod init;
pub mod lend;
pub mod list;
pub mod log;
pub mod note;
pub mod practice;
pub mod prose;
pub mod restore;
pub mod share;
pub mod show;
pub mod status;
pub mod sync;
pub mod ticket;
pub mod tour;
pub mod undo;
pub mod wipe;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See it all once: two devices and a helper, played on this machine and removed again.
    Tour(tour::Args),
    /// Begin a journal on this machine.
    Init(init::Args),
    /// How things are: the daemon, your devices, who sees what.
    Status(status::Args),
    /// Look for what is wrong, and say what to do.
    Doctor(doctor::Args),
    /// Settings.
    #[command(subcommand)]
    Config(config::Args),
    /// The program that keeps the journal, in the background.
    #[command(subcommand)]
    Daemon(daemon::Args),

    /// What you practise.
    #[command(subcommand)]
    Practice(practice::Args),
    /// Write something down, without a practice.
    Note(note::Args),
    /// Write down that you practised.
    Log(Box<log::Args>),
    /// What you wrote down, newest first.
    List(list::Args),
    /// One record, whole.
    Show(show::Args),
    /// Change what you wrote down.
    Edit(Box<edit::Args>),
    /// Hide a record. It can be restored.
    Delete(delete::Args),
    /// Show a deleted record again.
    Restore(restore::Args),
    /// Take back the last change made on this device.
    Undo(undo::Args),

    /// Your own devices.
    #[command(subcommand)]
    Device(device::Args),
    /// Who may see what.
    #[command(subcommand)]
    Share(share::Args),
    /// Help someone who invited you.
    #[command(subcommand)]
    Helper(helper::Args),
    /// What people share with you.
    Caseload(caseload::Args),
    /// Lend someone your belief, for one practice.
    Lend(lend::Args),
    /// Beliefs that someone lends you.
    #[command(subcommand)]
    Borrow(borrow::Args),
    /// Bring your devices and helpers up to date now.
    Sync(sync::Args),

    /// Remove your journal and everything with it from this machine, for good.
    Wipe(wipe::Args),
}

impl Command {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Tour(args) => args.run(context),
            Self::Init(args) => args.run(context),
            Self::Status(args) => args.run(context),
            Self::Doctor(args) => args.run(context),
            Self::Config(args) => args.run(context),
            Self::Daemon(args) => args.run(context),
            Self::Practice(args) => args.run(context),
            Self::Note(args) => args.run(context),
            Self::Log(args) => args.run(context),
            Self::List(args) => args.run(context),
            Self::Show(args) => args.run(context),
            Self::Edit(args) => args.run(context),
            Self::Delete(args) => args.run(context),
            Self::Restore(args) => args.run(context),
            Self::Undo(args) => args.run(context),
            Self::Device(args) => args.run(context),
            Self::Share(args) => args.run(context),
            Self::Helper(args) => args.run(context),
            Self::Caseload(args) => args.run(context),
            Self::Lend(args) => args.run(context),
            Self::Borrow(args) => args.run(context),
            Self::Sync(args) => args.run(context),
            Self::Wipe(args) => args.run(context),
        }
    }
}
