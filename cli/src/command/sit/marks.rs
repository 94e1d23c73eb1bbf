//! Marks as they are given on a command line: `64:numb`, `4m12s:landed`.

use asif_proto::record::{Mark, MarkKind};

use crate::command::fields::duration;
use crate::sit::sitting::MAX_MARKS;

/// Reads one mark.
pub(super) fn mark(text: &str) -> Result<Mark, String> {
    let (time, kind) = text.rsplit_once(':').ok_or_else(|| format!("{text:?} is no mark: when and what, as in 64:numb or 4m12s:landed"))?;
    Ok(Mark { t_s: duration(time)?, kind: kind.parse::<MarkKind>()? })
}

/// Whether marks can have been made one after another while it lasted so long; else why not.
pub(super) fn fit(marks: &[Mark], duration_s: Option<u32>) -> Result<(), String> {
    if marks.len() > MAX_MARKS {
        return Err(format!("{} marks are more than one sitting holds ({MAX_MARKS})", marks.len()));
    }
    for (one, next) in marks.iter().zip(marks.iter().skip(1)) {
        if next.t_s < one.t_s {
            return Err(format!(
                "--mark {}:{} comes after {}:{}, and was before it: give them in order",
                next.t_s, next.kind, one.t_s, one.kind
            ));
        }
    }
    match (marks.last(), duration_s) {
        (Some(last), Some(duration)) if last.t_s > duration => {
            Err(format!("--mark {}:{} is beyond the {duration} s that it lasted", last.t_s, last.kind))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_time_and_a_word() {
        assert_eq!(mark("64:numb"), Ok(Mark { t_s: 64, kind: MarkKind::Numb }));
        assert_eq!(mark("4m12s:landed"), Ok(Mark { t_s: 252, kind: MarkKind::Landed }));
        for bad in ["64", "numb", "64:", ":numb", "64:sad", "-1:numb", "soon:numb", "64 :numb", "1:2:numb"] {
            assert!(mark(bad).is_err(), "{bad}");
        }
        assert!(mark("64:sad").unwrap_err().contains("numb, landed, worse, pause"));
    }

    #[test]
    fn marks_stand_in_order_and_within_the_time() {
        let marks = |times: &[u32]| times.iter().map(|&t_s| Mark { t_s, kind: MarkKind::Numb }).collect::<Vec<_>>();
        assert_eq!(fit(&marks(&[1, 1, 480]), Some(480)), Ok(()));
        assert_eq!(fit(&marks(&[900]), None), Ok(()));
        assert!(fit(&marks(&[2, 1]), None).unwrap_err().contains("in order"));
        assert!(fit(&marks(&[481]), Some(480)).unwrap_err().contains("beyond the 480 s"));
        assert!(fit(&marks(&vec![0; MAX_MARKS + 1]), None).is_err());
    }
}
