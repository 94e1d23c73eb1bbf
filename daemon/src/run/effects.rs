//! What the core wants is carried out: writing first, then everything else in order.

use std::collections::VecDeque;

use asif_proto::peer::Message;

use super::shelf::{Done, ShelfError};
use super::{Daemon, heard, net_link};
use crate::local::{ClientId as LocalClient, Outgoing};
use crate::net::{self, Command};
use crate::replica::effect::{Effect, Input, LinkId};

impl Daemon {
    /// Writes first, with one call for all; then everything else in order. If writing fails nothing else is done.
    pub(super) async fn carry_out(&mut self, effects: Vec<Effect>) {
        let step = self.shelf.write(effects);
        if let Some(error) = step.failed {
            tracing::error!(%error, "writing failed; starting again from what is on disk");
            return self.start_again(&step.rest, &error).await;
        }
        if step.appended {
            self.failures = 0;
            self.health.written();
        }
        let mut rest = VecDeque::from(step.rest);
        let mut answers = Vec::new();
        while let Some(effect) = rest.pop_front() {
            match self.shelf.perform(effect) {
                Ok(Done::Quiet) => {}
                Ok(Done::Input(input)) => answers.push(input),
                Ok(Done::Serve(link, message, input)) => {
                    if let Some(message) = message {
                        self.command(Command::SendBulk { link: net_link(link), frames: vec![message.to_frame()] });
                    }
                    self.inputs.push_back(input);
                }
                Ok(Done::Send(link, messages)) => {
                    let frames = messages.iter().map(Message::to_frame).collect();
                    self.command(Command::SendBulk { link: net_link(link), frames });
                }
                Ok(Done::Elsewhere(Effect::Anew)) => {
                    tracing::error!("a part of the saved view did not open; starting again from the log");
                    return self.start_again(&[], &ShelfError::View).await;
                }
                Ok(Done::Elsewhere(Effect::Lock)) => return self.lock_or_unlock(None).await,
                Ok(Done::Elsewhere(Effect::Unlock { key, client })) => return self.lock_or_unlock(Some((key, client))).await,
                Ok(Done::Elsewhere(effect)) => self.elsewhere(effect).await,
                Err(error) => {
                    tracing::error!(%error, "the store could not do what was asked; starting again from what is on disk");
                    // What was written was written: whoever waits for that hears so.
                    for effect in rest {
                        if matches!(effect, Effect::Answer { .. } | Effect::Event { .. }) {
                            self.elsewhere(effect).await;
                        }
                    }
                    return self.start_again(&[], &error).await;
                }
            }
        }
        // What was read is told before anything else, in the order in which it was asked for.
        for input in answers.into_iter().rev() {
            self.inputs.push_front(input);
        }
    }

    async fn elsewhere(&mut self, effect: Effect) {
        match effect {
            Effect::Event { client, event } => self.local.send(LocalClient(client.0), Outgoing::Event(event)),
            Effect::Question { client, question } => self.local.send(LocalClient(client.0), Outgoing::Question(question)),
            Effect::Answer { client, mut answer } => {
                let now = self.now();
                self.health.add_to(&mut answer, &self.home, now.wall, now.mono, &self.config);
                self.local.send(LocalClient(client.0), Outgoing::Answer(answer));
            }
            Effect::Admit { known, strangers } => self.gate.set(known.into_iter().collect(), strangers),
            Effect::Listen => self.listen().await,
            Effect::Nearby { says, looks } => {
                let begun = self.network.use_nearby(says, looks).await;
                self.inputs.extend(begun.err().map(|reason| Input::NearbyFailed { reason: Some(reason) }));
            }
            Effect::Unlisten => {
                self.network.close().await;
                if let Some(net) = self.net.take() {
                    net.shutdown().await;
                }
            }
            Effect::Dial { link, peer, addresses, names, shows } => {
                let shows = shows.map(|seed| net::LinkSecret::from_seed(*seed.danger_bytes()));
                self.command(Command::Dial { link: net_link(link), peer, addresses, names, shows });
            }
            Effect::Send { link, message } => self.send(link, &message),
            Effect::Close { link } => self.command(Command::Close { link: net_link(link), reason: net::CloseReason::Done }),
            Effect::Notify { notice, text } => self.desktop.show(notice, text.text().to_owned()),
            Effect::Keychain { number, ask } => self.keychain.ask(number, heard::wanted(ask)),
            Effect::LookForDesktop => self.desktop.look(),
            Effect::Mark => self.mark(),
            Effect::Pack { folded } => self.packer.pack(folded),
            Effect::Judge { of, packed, unfolded, erased } => self.judge.ask(of, packed, unfolded, erased),
            Effect::Backup { client, job } => self.make_backup(client, *job),
            Effect::Stop => self.stopping = true,
            Effect::Save { .. }
            | Effect::SaveView { .. }
            | Effect::Anew
            | Effect::Lock
            | Effect::Unlock { .. }
            | Effect::Remove { .. }
            | Effect::Append(_)
            | Effect::Stub { .. }
            | Effect::Graft { .. }
            | Effect::Read { .. }
            | Effect::SetAside(_)
            | Effect::Mend(_)
            | Effect::Build { .. }
            | Effect::Unpack { .. }
            | Effect::KeepPieces(_)
            | Effect::TakePiece(_)
            | Effect::ServePieces { .. }
            | Effect::Compare { .. }
            | Effect::Adopt { .. }
            | Effect::Swap { .. }
            | Effect::KeepCheckpoint(_)
            | Effect::Prune { .. }
            | Effect::Erase { .. }
            | Effect::EraseAside(_)
            | Effect::KeepLocked(..)
            | Effect::DropAsides(_)
            | Effect::DropSealed { .. }
            | Effect::Serve { .. } => {}
        }
    }

    /// Without it an old copy is not known as such; nothing else depends on it.
    fn mark(&mut self) {
        match crate::process::place::mark(&self.home.data, self.shelf.place().as_deref()) {
            Ok(here) => match self.shelf.note_place(&here) {
                Ok(()) => crate::process::place::only(&self.home.data, &here),
                Err(error) => tracing::warn!(%error, "where this home is could not be noted"),
            },
            Err(error) => tracing::warn!(%error, "where this home is could not be marked"),
        }
    }

    fn send(&self, link: LinkId, message: &Message) {
        self.command(Command::Send { link: net_link(link), frame: message.to_frame() });
    }

    fn command(&self, command: Command) {
        if let Some(net) = &self.net {
            net.command(command);
        }
    }
}
