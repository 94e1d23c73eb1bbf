//! In a word, how something grows with the journal.

/// What a measure does from the smallest journal to the largest.
///
/// Of the last three sizes, what the second step adds is looked at beside what the first one added: what is there in any case falls out of both.
/// `t` says where that lies between what a logarithm would have added (0) and what a line would have (1), on a logarithmic scale.
///
/// | word | rule |
/// |---|---|
/// | flat | the largest is at most a quarter more than the smallest |
/// | logarithmic | t below 0.35 |
/// | less than linear | t from 0.35 to 0.65 |
/// | linear | t from 0.65 to 1.35; also above where the last step multiplies by no more than the sizes do, or the first one added nothing |
/// | more than linear | t above that |
///
/// Of two sizes: flat as above; linear where the step multiplies by half of what the sizes do or more; else it is not told.
pub(super) fn word(sizes: &[f64], values: &[f64]) -> &'static str {
    let last: Vec<(f64, f64)> = sizes.iter().copied().zip(values.iter().copied()).rev().take(3).collect();
    match *last.as_slice() {
        [(_, most), .., (_, least)] if most <= least * 1.25 => "flat",
        [(large, most), (middle, some), (small, least)] => {
            let of_logarithm = ((large / middle).ln() / (middle / small).ln()).ln();
            let of_line = ((large - middle) / (middle - small)).ln();
            let t = (((most - some) / (some - least)).ln() - of_logarithm) / (of_line - of_logarithm);
            match t {
                t if t < 0.35 => "logarithmic",
                t if t < 0.65 => "less than linear",
                t if t > 1.35 && most / some > 1.25 * large / middle => "more than linear",
                _ => "linear",
            }
        }
        [(large, most), (small, least)] if most / least >= large / small / 2.0 => "linear",
        _ => "-",
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    const SIZES: [f64; 3] = [3650.0, 36_500.0, 365_000.0];

    fn of(law: impl Fn(f64) -> f64) -> &'static str {
        word(&SIZES, &SIZES.map(law))
    }

    #[test]
    fn what_is_there_in_any_case_does_not_hide_how_the_rest_grows() {
        assert_eq!(of(|_| 7.0), "flat");
        assert_eq!(of(f64::ln), "logarithmic");
        assert_eq!(of(|size| 5.0 + 3.0 * size.ln()), "logarithmic");
        assert_eq!(of(f64::sqrt), "less than linear");
        assert_eq!(of(|size| size / 300.0), "linear");
        assert_eq!(of(|size| 20_000.0 + size), "linear");
        assert_eq!(of(|size| size * size), "more than linear");
    }

    #[test]
    fn the_steps_need_not_be_alike() {
        let sizes = [1200.0, 3650.0, 36_500.0];
        assert_eq!(word(&sizes, &sizes.map(|size| 20.0 + size / 1000.0)), "linear");
        assert_eq!(word(&sizes, &sizes.map(f64::ln)), "logarithmic");
    }

    #[test]
    fn noise_in_what_hardly_grows_makes_no_law() {
        assert_eq!(word(&SIZES, &[2.4, 2.3, 2.6]), "flat");
        assert_eq!(word(&SIZES, &[2.4, 2.3, 4.0]), "linear");
    }

    #[test]
    fn two_sizes_tell_less() {
        assert_eq!(word(&SIZES[..2], &[1.0, 1.1]), "flat");
        assert_eq!(word(&SIZES[..2], &[1.0, 9.0]), "linear");
        assert_eq!(word(&SIZES[..2], &[1.0, 2.0]), "-");
        assert_eq!(word(&SIZES[..1], &[1.0]), "-");
    }
}
