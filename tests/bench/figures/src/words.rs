//! Text that is neither constant nor noise: a few thousand English words, drawn as rarely as in speech.
//!
//! The little words are listed here, the others are those of BIP 39 (crate `bip39`, CC0), each also with -s and with -ing. The
//! word of rank r is drawn about 1/r times as often as the first (Zipf's law, with the usual shift for the first ranks).

use fastrand::Rng;

const LITTLE: &str = "i the to and a it of was my in that me for is not but so with on had as at this be have you what they did one \
    just all felt do she he we if or when then said out there up about were her no him like would more some how from went could \
    after get before them because still by even been myself an who really than time only day again too went off into know think \
    by will back made much your got here over own am now her their has been first other very way down day before something \
    nothing today little bit long last good bad right work home people make kind took which where why himself never always \
    though until while around being few without maybe another";

/// Draws words.
pub(crate) struct Words {
    words: Vec<String>,
    /// The share of all draws that falls on a word or one before it.
    shares: Vec<f64>,
}

impl Words {
    /// The words, in an order of their own for each seed.
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let mut words: Vec<String> = Vec::new();
        for word in LITTLE.split_whitespace() {
            if !words.iter().any(|one| one == word) {
                words.push(word.to_owned());
            }
        }
        let plain = bip39::Language::English.word_list();
        let mut rest: Vec<String> = plain.iter().flat_map(|word| [word.to_string(), format!("{word}s"), format!("{word}ing")]).collect();
        rng.shuffle(&mut rest);
        words.extend(rest);
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (0..words.len())
            .map(|rank| {
                sum += 1.0 / (rank as f64 + 2.7).powf(1.05);
                sum
            })
            .collect();
        shares.iter_mut().for_each(|share| *share /= sum);
        Self { words, shares }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.words.len()
    }

    fn word(&self, rng: &mut Rng) -> &str {
        let at = self.shares.partition_point(|share| *share < rng.f64());
        self.words.get(at).map_or("it", String::as_str)
    }

    /// Sentences of `count` words together.
    pub(crate) fn prose(&self, rng: &mut Rng, count: usize) -> String {
        let mut text = String::new();
        let mut left = count;
        while left > 0 {
            let len = rng.usize(4..=16).min(left);
            left -= len;
            let sentence: Vec<&str> = (0..len).map(|_| self.word(rng)).collect();
            let sentence = sentence.join(" ");
            let mut letters = sentence.chars();
            if !text.is_empty() {
                text.push(' ');
            }
            text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            text.push_str(letters.as_str());
            text.push('.');
        }
        text
    }
}
