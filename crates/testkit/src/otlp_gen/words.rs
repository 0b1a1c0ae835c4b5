//! A seeded model of prose: words with the frequencies of a natural language and pairs that recur,
//! so that text compresses about as well as English does, neither like one repeated string nor like
//! random bytes.

use crate::rng::Rng;

/// The most frequent words, by rank.
const COMMON: &str = "the of and to in a is that for it as was with be by on not he his but at are this have \
from or had an they which one you were all her she there would their we him been has when who will no more if \
out so up said what its about than into them can only other time new some could these two may first then do \
any like my now over such our man me even most made after also did many off before must well back through \
years where much your way down should because long each just state those people too mr how little good world \
make very year still see own work men day get here old between both life being under three never know same \
last another while us might great go come since against right came take used himself few house use during \
without again place around however home small found every part once general high upon school say put point \
order customer invoice refund account shipping delivery address payment question answer document policy \
please thank check update status number item cart price total search result query table model request \
response error retry service agent tool call user message context source summary section page report data";
/// Rarer words, made of syllables.
const RARE: usize = 6000;
const SYLLABLES: [&str; 40] = [
    "ba", "con", "de", "re", "ment", "tion", "al", "er", "in", "ter", "ex", "pro", "st", "ra",
    "li", "ty", "ous", "per", "com", "an", "or", "ic", "sub", "tr", "ance", "ver", "di", "mi",
    "ner", "pla", "qua", "sol", "u", "ward", "est", "gra", "hel", "ken", "low", "mar",
];

/// The words of one generator.
#[derive(Debug)]
pub(super) struct Words {
    words: Vec<String>,
    /// Half of the time a word is followed by one of the few that usually follow it.
    salt: u64,
}

impl Words {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut words: Vec<String> = COMMON.split_whitespace().map(str::to_owned).collect();
        for _ in 0..RARE {
            let syllables = rng.within(2..=4);
            words.push((0..syllables).filter_map(|_| rng.pick(&SYLLABLES).copied()).collect());
        }
        Self { words, salt: rng.bits() }
    }

    /// Appends prose until `text` is at least `bytes` longer: sentences, at times a number or a
    /// new paragraph.
    pub(super) fn prose(&self, rng: &mut Rng, bytes: usize, text: &mut String) {
        let end = text.len() + bytes;
        let mut previous = 0;
        while text.len() < end {
            let sentence = rng.within(5..=22);
            for place in 0..sentence {
                if place > 0 {
                    text.push_str(if rng.chance(0.07) { ", " } else { " " });
                }
                if rng.chance(0.02) {
                    text.push_str(&rng.below(100_000).to_string());
                    continue;
                }
                previous = self.next(rng, previous);
                self.push_word(previous, place == 0, text);
            }
            text.push_str(if rng.chance(0.12) { ".\n\n" } else { ". " });
        }
    }

    /// One word.
    pub(super) fn word(&self, rng: &mut Rng) -> &str {
        let rank = self.rank(rng);
        self.words.get(rank).map_or("word", String::as_str)
    }

    fn next(&self, rng: &mut Rng, previous: usize) -> usize {
        if rng.chance(0.5) {
            let habit = rng.below(6);
            let mut usual = Rng::new(self.salt ^ ((previous as u64) << 3) ^ habit);
            self.rank(&mut usual)
        } else {
            self.rank(rng)
        }
    }

    /// A rank with a probability that falls as its inverse (Zipf's law).
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few thousand words"
    )]
    fn rank(&self, rng: &mut Rng) -> usize {
        let n = self.words.len() as f64;
        (n.powf(rng.unit()) as usize).saturating_sub(1)
    }

    fn push_word(&self, rank: usize, capital: bool, text: &mut String) {
        let word = self.words.get(rank).map_or("word", String::as_str);
        let mut letters = word.chars();
        if let (true, Some(first)) = (capital, letters.next()) {
            text.push(first.to_ascii_uppercase());
            text.push_str(letters.as_str());
        } else {
            text.push_str(word);
        }
    }
}
