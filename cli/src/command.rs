//! The commands: one file each, whose `Args` say what it takes; its doc comment is its help.

use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;

pub mod anchor;
pub mod at;
pub mod backup;
pub mod belief;
pub mod borrow;
pub mod caseload;
pub mod client;
pub mod complete;
pub mod completions;
pub mod config;
pub mod crisis;
pub mod daemon;
pub mod delete;
pub mod demo;
pub mod device;
pub mod doctor;
pub mod draft;
pub mod edit;
pub mod erase;
pub mod experiment;
pub mod fields;
pub mod filter;
pub mod goal;
pub mod helper;
mod hidden;
pub mod history;
pub mod inbox;
pub mod init;
pub mod lend;
pub mod list;
pub mod lock;
pub mod log;
pub mod logged;
pub mod mailbox;
pub mod man;
pub mod note;
pub mod outcome;
pub mod phrase;
pub mod practice;
pub mod predict;
pub mod prose;
pub mod rapport;
pub mod recovery_kit;
pub mod redo;
pub mod remind;
pub mod reply;
pub mod restore;
pub mod search;
pub mod share;
pub mod show;
pub mod sit;
pub mod sketch;
pub mod status;
pub mod suggest;
pub mod sync;
pub mod tag;
pub mod ticket;
pub mod today;
pub mod tour;
pub mod try_out;
pub mod understood;
pub mod undo;
pub mod unlock;
pub mod wipe;
pub mod withdraw;
pub mod words;

/// What to do.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help of a command is what its `Args` say; a comment here would take its place")]
pub enum Command {
    Tour(tour::Args),
    Init(init::Args),
    Today(today::Args),
    Crisis(crisis::Args),

    #[command(subcommand)]
    Goal(goal::Args),
    #[command(subcommand)]
    Belief(belief::Args),
    Sketch(sketch::Args),
    #[command(subcommand)]
    Demo(demo::Args),
    Anchor(anchor::Args),
    #[command(subcommand)]
    Practice(practice::Args),
    #[command(subcommand)]
    Phrase(phrase::Args),
    #[command(subcommand)]
    Remind(remind::Args),

    Try(Box<try_out::Args>),
    Outcome(Box<outcome::Args>),
    #[command(subcommand)]
    Experiment(experiment::Args),
    Sit(Box<sit::Args>),
    Log(Box<log::Args>),
    Note(note::Args),
    #[command(subcommand)]
    Draft(draft::Args),

    List(list::Args),
    Search(search::Args),
    Show(show::Args),
    Edit(Box<edit::Args>),
    Tag(tag::Args),
    Delete(delete::Args),
    Restore(restore::Args),
    Erase(erase::Args),
    History(history::Args),
    Undo(undo::Args),
    Redo(redo::Args),

    #[command(subcommand)]
    Device(device::Args),
    #[command(subcommand)]
    RecoveryKit(recovery_kit::Args),
    #[command(subcommand)]
    Backup(backup::Args),
    #[command(subcommand)]
    Share(share::Args),
    #[command(subcommand)]
    Helper(helper::Args),
    Caseload(caseload::Args),
    Lend(lend::Args),
    Withdraw(withdraw::Args),
    Suggest(suggest::Args),
    Predict(predict::Args),
    Understood(understood::Args),
    Reply(reply::Args),
    #[command(subcommand)]
    Client(client::Args),
    Inbox(inbox::Args),
    #[command(subcommand)]
    Borrow(borrow::Args),
    #[command(subcommand)]
    Rapport(rapport::Args),
    #[command(subcommand)]
    Mailbox(mailbox::Args),
    Sync(sync::Args),

    #[command(subcommand)]
    Lock(lock::Args),
    Unlock(unlock::Args),
    Status(status::Args),
    Doctor(doctor::Args),
    #[command(subcommand)]
    Config(config::Args),
    #[command(subcommand)]
    Daemon(daemon::Args),
    Completions(completions::Args),
    Man(man::Args),
    Wipe(wipe::Args),
    #[command(name = "__complete", hide = true)]
    Complete(complete::Args),
}

impl Command {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Tour(args) => args.run(context),
            Self::Init(args) => args.run(context),
            Self::Today(args) => args.run(context),
            Self::Crisis(args) => args.run(context),
            Self::Goal(args) => args.run(context),
            Self::Belief(args) => args.run(context),
            Self::Sketch(args) => args.run(context),
            Self::Demo(args) => args.run(context),
            Self::Anchor(args) => args.run(context),
            Self::Practice(args) => args.run(context),
            Self::Phrase(args) => args.run(context),
            Self::Remind(args) => args.run(context),
            Self::Try(args) => args.run(context),
            Self::Outcome(args) => args.run(context),
            Self::Experiment(args) => args.run(context),
            Self::Sit(args) => args.run(context),
            Self::Log(args) => args.run(context),
            Self::Note(args) => args.run(context),
            Self::Draft(args) => args.run(context),
            Self::List(args) => args.run(context),
            Self::Search(args) => args.run(context),
            Self::Show(args) => args.run(context),
            Self::Edit(args) => args.run(context),
            Self::Tag(args) => args.run(context),
            Self::Delete(args) => args.run(context),
            Self::Restore(args) => args.run(context),
            Self::Erase(args) => args.run(context),
            Self::History(args) => args.run(context),
            Self::Undo(args) => args.run(context),
            Self::Redo(args) => args.run(context),
            Self::Device(args) => args.run(context),
            Self::RecoveryKit(args) => args.run(context),
            Self::Backup(args) => args.run(context),
            Self::Share(args) => args.run(context),
            Self::Helper(args) => args.run(context),
            Self::Caseload(args) => args.run(context),
            Self::Lend(args) => args.run(context),
            Self::Withdraw(args) => args.run(context),
            Self::Suggest(args) => args.run(context),
            Self::Predict(args) => args.run(context),
            Self::Understood(args) => args.run(context),
            Self::Reply(args) => args.run(context),
            Self::Client(args) => args.run(context),
            Self::Inbox(args) => args.run(context),
            Self::Rapport(args) => args.run(context),
            Self::Borrow(args) => args.run(context),
            Self::Mailbox(args) => args.run(context),
            Self::Sync(args) => args.run(context),
            Self::Lock(args) => args.run(context),
            Self::Unlock(args) => args.run(context),
            Self::Status(args) => args.run(context),
            Self::Doctor(args) => args.run(context),
            Self::Config(args) => args.run(context),
            Self::Daemon(args) => args.run(context),
            Self::Completions(args) => args.run(context),
            Self::Man(args) => args.run(context),
            Self::Wipe(args) => args.run(context),
            Self::Complete(args) => args.run(context),
        }
    }
}
