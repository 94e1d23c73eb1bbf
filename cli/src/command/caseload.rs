//! `asif caseload`

use asif_proto::local::{ErrorKind, Failure, HelperAsk, HelperDeed, Reply, Request};
use asif_proto::share::{CaseloadOpen, InboxItem};
use clap::Subcommand;

use super::prose;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::caseload;

/// What people share with you.
///
/// You see copies of what they chose to show, and nothing else. Nobody watches it for you, and it sends no alerts. What you open here is reported
/// to them as opened.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Everyone who shares with you, by name.
    List,
    /// What one person shares with you.
    Open {
        /// Their name
        #[arg(value_name = "CLIENT")]
        client: String,
    },
    /// One page before a meeting: experiments, surprises, what felt worse or numb, questions they tagged.
    Prep {
        /// Their name
        #[arg(value_name = "CLIENT")]
        client: String,
        /// Since when (default: two weeks)
        #[arg(long, value_name = "WHEN")]
        since: Option<String>,
    },
    /// Your own notes about someone, in your own journal. They never see them.
    Notes {
        /// Their name
        #[arg(value_name = "CLIENT")]
        client: String,
        /// Write one: - reads it from standard input; on a terminal it is asked for with --add
        #[arg(value_name = "TEXT|-", allow_hyphen_values = true)]
        text: Option<String>,
        /// Ask for one
        #[arg(long, conflicts_with = "text")]
        add: bool,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            None | Some(What::List) => {
                let rows = context.ask_for(Request::Caseload, |reply| if let Reply::Caseload(rows) = reply { Some(rows) } else { None })?;
                context.tell(&rows, |screen| caseload::rows(screen, &rows))?;
                if rows.is_empty() && !context.json() {
                    context.say("Nobody shares with you yet. With an invitation: asif helper join TICKET");
                }
                Ok(())
            }
            Some(What::Open { client }) => {
                let client = open(&client, context)?;
                context.tell(&client, |screen| caseload::client(screen, &client))
            }
            Some(What::Prep { client, since }) => {
                let page = |reply| if let Reply::Prep(page) = reply { Some(page) } else { None };
                let page = context.ask_for(Request::Helper(HelperAsk { client, what: HelperDeed::Prep { since } }), page)?;
                context.tell(&page, |screen| caseload::prep(screen, &page))
            }
            Some(What::Notes { client, text, add }) => notes(context, client, text, add),
        }
    }
}

fn notes(context: &mut Context<'_, '_>, client: String, text: Option<String>, add: bool) -> Outcome {
    let before = |context: &mut Context<'_, '_>| listed(&client, context).map(drop);
    let text = match &text {
        Some(value) => prose::given(value, context, before)?,
        None if add => prose::asked("What would you like to keep in mind?", "asif caseload notes CLIENT -", context, before)?,
        None => {
            let notes = listed(&client, context)?;
            context.tell(&notes, |screen| caseload::notes(screen, &notes))?;
            if notes.is_empty() && !context.json() {
                context.say(&format!("No notes yet. asif caseload notes \"{client}\" --add asks for one."));
            }
            return Ok(());
        }
    };
    let note = text.kept_by(context, |context, id, text| {
        let text = text.ok_or_else(|| CommandError::usage("the note was empty: nothing was stored", "asif caseload notes CLIENT -"))?;
        let ask = HelperAsk { client, what: HelperDeed::Note { text } };
        context.ask_for_as(id, Request::Helper(ask), |reply| if let Reply::HelperNote(note) = reply { Some(note) } else { None })
    })?;
    context.tell(&note, |screen| caseload::note_changed(screen, "noted", &note))
}

fn listed(client: &str, context: &mut Context<'_, '_>) -> Outcome<Vec<asif_proto::record::Shown<asif_proto::record::HelperNote>>> {
    let ask = HelperAsk { client: client.to_owned(), what: HelperDeed::Notes };
    context.ask_for(Request::Helper(ask), |reply| if let Reply::HelperNotes(notes) = reply { Some(notes) } else { None })
}

/// What somebody shares.
pub(super) fn open(client: &str, context: &mut Context<'_, '_>) -> Outcome<CaseloadOpen> {
    let open = |reply| if let Reply::Client(client) = reply { Some(client) } else { None };
    context.ask_for(Request::CaseloadOpen { client: client.to_owned() }, open)
}

/// Refuses where nothing can be sent any more, before anything is typed.
pub(super) fn still_shares(client: &str, context: &mut Context<'_, '_>) -> Outcome {
    let rows = context.ask_for(Request::Caseload, |reply| if let Reply::Caseload(rows) = reply { Some(rows) } else { None })?;
    let named: Vec<_> = rows.iter().filter(|row| row.client.eq_ignore_ascii_case(client)).collect();
    if named.is_empty() {
        return Err(Failure::new(ErrorKind::NotFound, format!("no client is called {client:?}"))
            .hint("see them with: asif caseload")
            .into());
    }
    if named.iter().all(|row| row.ended.is_some()) {
        return Err(Failure::new(ErrorKind::Precondition, format!("{client} no longer shares with you; nothing can be sent")).into());
    }
    Ok(())
}

/// What was sent.
pub(super) fn sent(reply: Reply) -> Option<InboxItem> {
    if let Reply::InboxItem(item) = reply { Some(item) } else { None }
}
