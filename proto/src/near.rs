//! Names near to what was typed, for suggesting them.

/// The letters of a name that count.
const LETTERS: usize = 64;

/// Of these names the nearest to what was typed, at most `most`, the nearest first: those that begin with it, then those that differ least.
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let mut near: Vec<&str> = names.collect();
    near.sort_by_key(|name| (typed.is_empty() || !name.starts_with(typed), distance(name, typed), name.len()));
    near.dedup();
    near.truncate(most);
    near
}

/// Levenshtein distance in characters (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(LETTERS).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(LETTERS).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (above, to) in row.iter().skip(1).zip(&b) {
            left = (diagonal + usize::from(from != *to)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("lunch", "lunch"), 0);
    }

    #[test]
    fn the_nearest_come_first_and_each_once() {
        let names = ["country", "listen", "own-number", "listen"];
        assert_eq!(nearest("lisen", names.into_iter(), 1), ["listen"]);
        assert_eq!(nearest("contry", names.into_iter(), 9), ["country", "listen", "own-number"]);
        assert_eq!(nearest("own", names.into_iter(), 1), ["own-number"], "what was begun is meant before what is as short");
        assert!(nearest("x", std::iter::empty(), 3).is_empty());
    }
}
