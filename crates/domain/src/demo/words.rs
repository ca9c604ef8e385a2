//! The demo's lists of words and the dice that choose from them.

use crate::code_tables::Cells;

/// The lines of a CSV file of ours without its head; missing cells are empty.
pub fn rows<const N: usize>(file: &'static str) -> Vec<[&'static str; N]> {
    let row = |line| {
        let mut cells = Cells(line);
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    };
    file.lines().skip(1).map(row).collect()
}

/// The words under `[section]`, each in its parts, Chinese and English first.
pub fn words<const N: usize>(section: &str) -> Vec<[&'static str; N]> {
    let lines = include_str!("../../data/demo/words.txt").lines();
    let section = lines.skip_while(|line| *line != section).skip(1).take_while(|line| !line.starts_with('['));
    let parts = |line: &'static str| {
        let mut parts = line.split('|');
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    };
    section.map(parts).collect()
}

/// SplitMix64: small, and the same on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// True so many times out of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// So many characters of the alphabet.
    pub fn text(&mut self, length: usize, alphabet: &str) -> String {
        (0..length).map(|_| char::from(self.pick(alphabet.as_bytes()))).collect()
    }
}
