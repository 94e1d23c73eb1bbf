//! An answer that is one of a few words.

/// The word that is meant, where no other is the same, and what it stands for.
pub(super) fn choose<'w, T: Copy>(text: &str, words: &[(&'w str, T)]) -> Result<(Option<&'w str>, T), String> {
    let wanted = text.to_lowercase();
    let named = |(word, one): &(&'w str, T)| {
        let only = words.iter().filter(|(other, _)| other == word).count() == 1;
        (only.then_some(*word), *one)
    };
    if let Some(one) = words.iter().find(|(word, _)| word.to_lowercase() == wanted) {
        return Ok(named(one));
    }
    if let Some(one) = text.parse::<usize>().ok().and_then(|number| words.get(number.checked_sub(1)?)) {
        return Ok(named(one));
    }
    let mut begin = words.iter().filter(|(word, _)| word.to_lowercase().starts_with(&wanted));
    match (begin.next(), begin.next()) {
        (Some(one), None) => Ok(named(one)),
        (Some(_), Some(_)) => Err(format!("{text:?} could be more than one of: {}", listed(words))),
        (None, _) => Err(format!("{text:?} is none of: {}", listed(words))),
    }
}

fn listed<T>(words: &[(&str, T)]) -> String {
    words.iter().map(|(word, _)| *word).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_chosen_by_its_beginning_its_number_or_itself() {
        let words = [("own", 'o'), ("borrowed", 'b'), ("leap", 'l'), ("let go", 'g')];
        for (text, one) in [("own", 'o'), ("B", 'b'), ("2", 'b'), ("lea", 'l'), ("4", 'g'), ("Let Go", 'g')] {
            assert_eq!(choose(text, &words).map(|(_, one)| one), Ok(one), "{text}");
        }
        assert_eq!(choose("2", &words).unwrap().0, Some("borrowed"), "the word is kept, not its number");
        for bad in ["l", "0", "5", "x", "-1"] {
            assert!(choose(bad, &words).is_err(), "{bad}");
        }
        assert_eq!(choose("2", &[("Dana", 1), ("Dana", 2)]), Ok((None, 2)), "of two that are called the same only the number tells");
    }
}
