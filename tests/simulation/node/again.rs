//! A core that is made anew, on purpose or since the disk did not do what it was asked.

use super::*;

impl Node {
    /// Made anew on purpose: locked, or open.
    pub(super) fn begin_again(&mut self, time: Duration, key: Option<VaultKey>, client: Option<ClientId>) -> Vec<Wish> {
        (self.running, self.key) = (None, key);
        (self.listens, self.restarted) = (false, true);
        self.ends += 1;
        let mut wishes = self.start_after(time, None);
        if let Some(client) = client {
            wishes.extend(self.handle(time, Input::Unlocked { client }));
        }
        wishes
    }

    /// The disk did not do what it was asked, and these effects are not carried out.
    pub(super) fn disk_failed(&mut self, time: Duration, undone: &[Effect], wishes: Vec<Wish>) -> Vec<Wish> {
        if self.ending != Ending::GoesOn {
            self.end();
            return wishes;
        }
        let Some((_, mut replica)) = self.running.take() else { return wishes };
        let answered = undone.iter().filter_map(|effect| match effect {
            Effect::Answer { client, .. } => Some(*client),
            _ => None,
        });
        for client in answered.chain(replica.waiting_clients()) {
            self.answers.insert(client, Answer::Error(Failure::new(ErrorKind::Failure, "nothing of it was saved")));
        }
        (self.listens, self.restarted) = (false, true);
        self.ends += 1;
        let rest = Duration::from_secs(1) * 2u32.pow(self.failures.min(6));
        self.failures += 1;
        let wishes = self.start_after(time, Some(rest));
        if let Some((_, new)) = &mut self.running {
            new.remember_as(&mut replica);
        }
        wishes
    }
}
