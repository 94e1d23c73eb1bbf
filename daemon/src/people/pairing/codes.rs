//! Which codes stand, and what becomes of them.
//!
//! ```text
//! open -- the first who says its number --> used up, answered -- they prove the secret in time --> right
//!   |                                                        `-- they do not ------------------> wrong
//!   `-- ten minutes, or three wrong ones --> over
//! ```
//!
//! A code is used up before anything is answered, so that of each there is one guess. They are in memory alone: whatever ends the daemon ends them. Times
//! are of a clock that goes on while the machine sleeps.

use std::collections::BTreeSet;
use std::time::Duration;

use asif_proto::code::Code;
use asif_proto::id::LinkKey;
use asif_proto::local::CodeEnd;
use asif_proto::peer::{ByCode, CodeAnswer, Refused};
use asif_proto::ticket::TicketRole;
use rand_core::Rng as _;
use zeroize::Zeroizing;

use super::exchange::{Ends, answer};
use crate::Rng;

/// How long a code is good.
pub const CODE_LIMIT: Duration = Duration::from_secs(600);
/// So long somebody who was answered may take to prove that they know the code.
pub const PROVE_LIMIT: Duration = Duration::from_secs(20);
/// So many wrong ones within [`LOCK`] lock codes for as long.
const MAX_WRONG: usize = 3;
/// How long codes stay locked.
const LOCK: Duration = Duration::from_secs(600);
/// Codes at one time: as many numbers are told on the local network.
pub const MAX_OPEN: usize = 8;
/// Numbers are below this, so that they are quick to say, as long as there are free ones.
const NUMBERS: u16 = 100;

/// All codes of a device.
#[derive(Default)]
pub struct Codes {
    open: Vec<Open>,
    /// Numbers that were given lately, and when: whoever comes late with an old code is not to use up a new one.
    given: Vec<(u16, Duration)>,
    answered: Vec<Answered>,
    /// When codes were used up by whoever did not know them.
    wrong: Vec<Duration>,
    locked_until: Option<Duration>,
}

struct Open {
    code: Code,
    role: TicketRole,
    ticket: [u8; 8],
    until: Duration,
}

struct Answered {
    secret: Zeroizing<[u8; 16]>,
    ticket: [u8; 8],
    joiner: LinkKey,
    until: Duration,
}

impl Codes {
    /// A new code for the invitation with this ticket, under a number that is not `taken`; none while codes are locked, or where there are too many.
    pub fn open(&mut self, role: TicketRole, ticket: [u8; 8], taken: &BTreeSet<u16>, now: Duration, rng: &mut Rng) -> Option<Code> {
        if self.locked_until(now).is_some() || self.open.len() >= MAX_OPEN {
            return None;
        }
        let mut free: Vec<u16> = (1..NUMBERS).filter(|number| self.open.iter().all(|one| one.code.number() != *number)).collect();
        // Somebody who says that they have them all takes nothing away: whoever joins asks one after the other.
        self.given.retain(|(_, at)| now < *at + 2 * CODE_LIMIT);
        let is_fresh = |number: &u16| !taken.contains(number) && self.given.iter().all(|(given, _)| given != number);
        if free.iter().any(is_fresh) {
            free.retain(is_fresh);
        }
        let drawn = usize::try_from(rng.next_u32()).unwrap_or_default().checked_rem(free.len())?;
        let words = [rng.next_u32(), rng.next_u32(), rng.next_u32()].map(|drawn| u16::try_from(drawn & 0x7ff).unwrap_or_default());
        let code = Code::new(*free.get(drawn)?, words);
        self.given.push((code.number(), now));
        self.open.push(Open { code: code.clone(), role, ticket, until: now + CODE_LIMIT });
        Some(code)
    }

    /// What is answered to somebody who says the number of a code. The code is used up.
    pub fn answer(&mut self, asked: &ByCode, ends: Ends, now: Duration, rng: &mut Rng) -> Result<CodeAnswer, Refused> {
        self.wrong.retain(|at| now < *at + LOCK);
        // Those that are being proven count: three at once are three guesses.
        if self.locked_until(now).is_some() || self.wrong.len() >= MAX_WRONG {
            return Err(Refused::CodesLocked);
        }
        let place = self.open.iter().position(|one| one.code.number() == asked.number && now < one.until).ok_or(Refused::Code)?;
        if self.open.get(place).is_some_and(|one| one.role != asked.role) {
            return Err(Refused::OtherRole);
        }
        let used = self.open.remove(place);
        // Until they prove the opposite.
        self.wrong.push(now);
        let (answer, secret) = answer(&used.code, ends, asked.share, rng).ok_or(Refused::Code)?;
        self.answered.push(Answered { secret: Zeroizing::new(secret), ticket: used.ticket, joiner: ends.joiner, until: now + PROVE_LIMIT });
        Ok(answer)
    }

    /// Somebody proves a secret: `is_right` says of one whether it is theirs. Returns it, and the ticket of the invitation.
    pub fn proven(&mut self, now: Duration, is_right: impl Fn(&[u8; 16]) -> bool) -> Option<([u8; 16], [u8; 8])> {
        let place = self.answered.iter().position(|one| now < one.until && is_right(&one.secret))?;
        let right = self.answered.remove(place);
        // Whoever is right has made up for the slips before.
        self.wrong.clear();
        self.locked_until = None;
        Some((*right.secret, right.ticket))
    }

    /// Codes and answers whose time is over are gone: of each the ticket of its invitation, and why.
    pub fn lapse(&mut self, now: Duration) -> Vec<([u8; 8], CodeEnd)> {
        let wrong = self.answered.extract_if(.., |one| now >= one.until).map(|one| (one.ticket, CodeEnd::Wrong));
        let mut over: Vec<_> = wrong.collect();
        over.extend(self.open.extract_if(.., |one| now >= one.until).map(|one| (one.ticket, CodeEnd::Expired)));
        self.wrong.retain(|at| now < *at + LOCK);
        // One that is being proven may still be right.
        if self.wrong.len().saturating_sub(self.answered.len()) >= MAX_WRONG {
            self.locked_until = Some(now + LOCK);
            self.wrong.clear();
            over.extend(self.open.drain(..).map(|one| (one.ticket, CodeEnd::Locked)));
        }
        over
    }

    /// Whoever was answered gave up: they do not know the code.
    pub fn given_up(&mut self, joiner: &LinkKey, now: Duration) {
        self.answered.iter_mut().filter(|one| one.joiner == *joiner).for_each(|one| one.until = now);
    }

    /// An invitation is gone, and its code with it.
    pub fn forget(&mut self, stands: impl Fn(&[u8; 8]) -> bool) {
        self.open.retain(|one| stands(&one.ticket));
        self.answered.retain(|one| stands(&one.ticket));
    }

    /// The numbers of the codes that stand.
    pub fn numbers(&self, now: Duration) -> impl Iterator<Item = u16> {
        self.open.iter().filter(move |one| now < one.until).map(|one| one.code.number())
    }

    /// Whether this code was given here and stands.
    pub fn is_open(&self, code: &Code) -> bool {
        self.open.iter().any(|one| one.code == *code)
    }

    /// Until when only tickets let in, where that is so.
    pub fn locked_until(&self, now: Duration) -> Option<Duration> {
        self.locked_until.filter(|until| now < *until)
    }

    /// When the next of them is over.
    pub fn next(&self) -> Option<Duration> {
        self.open.iter().map(|one| one.until).chain(self.answered.iter().map(|one| one.until)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::super::exchange::Asking;
    use super::*;
    use rand_core::SeedableRng;

    const ENDS: Ends = Ends { giver: LinkKey([1; 32]), joiner: LinkKey([2; 32]), exporter: [3; 32] };
    const T0: Duration = Duration::from_secs(1_000);

    fn open(codes: &mut Codes, ticket: u8, now: Duration, rng: &mut Rng) -> Option<Code> {
        codes.open(TicketRole::Device, [ticket; 8], &BTreeSet::new(), now, rng)
    }

    /// Says this code; what the joiner makes of the answer.
    fn say(codes: &mut Codes, code: &Code, now: Duration, rng: &mut Rng) -> Result<Option<[u8; 16]>, Refused> {
        let (asking, share) = Asking::begin(code, ENDS, rng);
        let asked = ByCode { number: code.number(), role: TicketRole::Device, share };
        codes.answer(&asked, ENDS, now, rng).map(|answer| asking.finish(&answer))
    }

    fn another(code: &Code) -> Code {
        let words = if code.to_string().ends_with("-maple") { "harbour-violin-kettle" } else { "lantern-orbit-maple" };
        format!("{}-{words}", code.number()).parse().unwrap()
    }

    #[test]
    fn the_right_code_is_right_once() {
        let (mut codes, mut rng) = (Codes::default(), Rng::seed_from_u64(1));
        let code = open(&mut codes, 1, T0, &mut rng).unwrap();
        let secret = say(&mut codes, &code, T0, &mut rng).unwrap().unwrap();
        assert_eq!(say(&mut codes, &code, T0, &mut rng), Err(Refused::Code), "used up");
        assert_eq!(codes.proven(T0, |one| *one == [0; 16]), None);
        assert_eq!(codes.proven(T0, |one| *one == secret), Some((secret, [1; 8])));
        assert_eq!(codes.proven(T0, |one| *one == secret), None);
        assert!(codes.lapse(T0 + CODE_LIMIT).is_empty());
    }

    #[test]
    fn of_a_code_there_is_one_guess_and_three_wrong_ones_lock_them_all() {
        let (mut codes, mut rng) = (Codes::default(), Rng::seed_from_u64(2));
        let beside = open(&mut codes, 9, T0, &mut rng).unwrap();
        for guess in 1..=3 {
            let code = open(&mut codes, guess, T0, &mut rng).unwrap();
            assert_eq!(say(&mut codes, &another(&code), T0, &mut rng), Ok(None));
            let again = if guess < 3 { Refused::Code } else { Refused::CodesLocked };
            assert_eq!(say(&mut codes, &code, T0, &mut rng), Err(again), "guess {guess} used it up");
            codes.given_up(&ENDS.joiner, T0);
            let locked = (guess == 3).then_some(([9; 8], CodeEnd::Locked));
            assert_eq!(codes.lapse(T0), [([guess; 8], CodeEnd::Wrong)].into_iter().chain(locked).collect::<Vec<_>>());
        }
        assert_eq!(say(&mut codes, &beside, T0, &mut rng), Err(Refused::CodesLocked));
        assert_eq!(codes.locked_until(T0), Some(T0 + LOCK));
        assert_eq!(open(&mut codes, 4, T0 + LOCK - Duration::from_secs(1), &mut rng), None);
        assert!(open(&mut codes, 4, T0 + LOCK, &mut rng).is_some());
    }

    #[test]
    fn who_does_not_prove_it_in_time_was_wrong() {
        let (mut codes, mut rng) = (Codes::default(), Rng::seed_from_u64(3));
        let code = open(&mut codes, 1, T0, &mut rng).unwrap();
        let secret = say(&mut codes, &code, T0, &mut rng).unwrap().unwrap();
        assert_eq!(codes.next(), Some(T0 + PROVE_LIMIT));
        assert_eq!(codes.proven(T0 + PROVE_LIMIT, |one| *one == secret), None);
        assert_eq!(codes.lapse(T0 + PROVE_LIMIT), [([1; 8], CodeEnd::Wrong)]);
    }

    #[test]
    fn a_code_ends_after_ten_minutes_and_with_its_invitation() {
        let (mut codes, mut rng) = (Codes::default(), Rng::seed_from_u64(4));
        let code = open(&mut codes, 1, T0, &mut rng).unwrap();
        assert_eq!(say(&mut codes, &code, T0 + CODE_LIMIT, &mut rng), Err(Refused::Code));
        assert_eq!(codes.lapse(T0 + CODE_LIMIT), [([1; 8], CodeEnd::Expired)]);
        let code = open(&mut codes, 2, T0, &mut rng).unwrap();
        codes.forget(|_| false);
        assert!(!codes.is_open(&code));
        assert_eq!(codes.numbers(T0).count(), 0);
    }

    #[test]
    fn one_for_something_else_stands_still() {
        let (mut codes, mut rng) = (Codes::default(), Rng::seed_from_u64(5));
        let code = open(&mut codes, 1, T0, &mut rng).unwrap();
        let asked = ByCode { number: code.number(), role: TicketRole::Helper, share: [0; 32] };
        assert_eq!(codes.answer(&asked, ENDS, T0, &mut rng), Err(Refused::OtherRole));
        assert!(codes.is_open(&code));
    }

    #[test]
    fn an_old_code_uses_up_no_new_one() {
        let (mut codes, mut rng) = (Codes::default(), Rng::seed_from_u64(7));
        let mut numbers = BTreeSet::new();
        for ticket in 0..60 {
            let code = open(&mut codes, ticket, T0, &mut rng).unwrap();
            assert!(numbers.insert(code.number()), "{numbers:?}");
            codes.forget(|_| false);
        }
    }

    #[test]
    fn no_two_numbers_are_the_same_and_none_that_others_use() {
        let (mut codes, mut rng) = (Codes::default(), Rng::seed_from_u64(6));
        let taken: BTreeSet<u16> = (1..90).collect();
        for ticket in 0..8 {
            let code = codes.open(TicketRole::Helper, [ticket; 8], &taken, T0, &mut rng).unwrap();
            assert!(code.number() >= 90);
        }
        assert_eq!(codes.numbers(T0).collect::<BTreeSet<_>>().len(), MAX_OPEN);
        assert_eq!(codes.open(TicketRole::Helper, [9; 8], &taken, T0, &mut rng), None);
        let all: BTreeSet<u16> = (1..1000).collect();
        assert!(Codes::default().open(TicketRole::Helper, [9; 8], &all, T0, &mut rng).is_some());
    }
}
