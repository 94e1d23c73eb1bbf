//! The second number of a revision: what is known of a record, and how much of it is still to come by time alone.
//!
//! ```text
//! bits 63..36   changes that touched the record
//! bits 35..16   changes that touched what it rests on
//! bits 15..8    255 less what is still to come: what waits for a delay, and what is kept back until a time
//! bits  7..0    how often the same was said again: over what this device had taken back, or what a pause kept from being sent
//! ```
//!
//! Changes only grow in number, and with none of them more is shown as time passes: so the number grows with both, and whoever is behind does not win.
//! What is said again tells of no more knowledge.

use crate::seal::body::Revision;

const OWN_BITS: u32 = 28;
const OTHER_BITS: u32 = 20;
const TIME_BITS: u32 = 8;
const AGAIN_BITS: u32 = 8;

/// The number. Counts that do not fit stay at the highest that does.
pub(super) fn touches(own: u64, others: u64, to_come: u64) -> u64 {
    let own = own.min((1 << OWN_BITS) - 1);
    let others = others.min((1 << OTHER_BITS) - 1);
    let come = (1_u64 << TIME_BITS) - 1 - to_come.min((1 << TIME_BITS) - 1);
    own << (OTHER_BITS + TIME_BITS + AGAIN_BITS) | others << (TIME_BITS + AGAIN_BITS) | come << AGAIN_BITS
}

/// What of the number is knowledge.
pub(super) fn knowledge(touches: u64) -> u64 {
    touches >> (TIME_BITS + AGAIN_BITS)
}

/// The same said again. Once it was as often as can be counted, it counts as what it would be with less to come, or with one change more.
pub(super) fn again(revision: Revision) -> Revision {
    Revision { touches: revision.touches.saturating_add(1), ..revision }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knowledge_counts_before_time_and_its_own_before_that_of_others() {
        let rising = [
            touches(1, 0, 300),
            touches(1, 0, 255),
            touches(1, 0, 1),
            touches(1, 0, 0),
            touches(1, 1, 9),
            touches(1, 1 << 30, 0),
            touches(2, 0, 2),
        ];
        assert!(rising.windows(2).all(|pair| pair[0] <= pair[1]), "{rising:?}");
        assert_eq!(rising[0], rising[1]);
        assert_eq!(knowledge(touches(3, 4, 5)), knowledge(touches(3, 4, 0)));
        assert_ne!(knowledge(touches(3, 4, 5)), knowledge(touches(3, 5, 5)));
        let all = Revision { grant: 1, touches: touches(u64::MAX, u64::MAX, 0) };
        assert_eq!(all.touches, u64::MAX - 255);
        assert!(again(all) > all && knowledge(again(all).touches) == knowledge(all.touches));
        assert!(again(Revision { grant: 1, touches: touches(3, 4, 1) }).touches < touches(3, 4, 0));
    }
}
