//! Seeded mutation without feedback: the same inputs for the same seed.

/// Bytes that mean something to one of the readers.
const TELLING: &[u8] = b"&=%+\"\\{}[],:. xX0919\x00\x80\xff";

pub(crate) struct Mutations {
    seeds: Vec<Vec<u8>>,
    state: u64,
    present: Vec<u8>,
}

impl Mutations {
    pub(crate) fn of(seeds: Vec<Vec<u8>>, seed: u64) -> Self {
        Self {
            seeds,
            state: seed,
            present: Vec::new(),
        }
    }

    /// SplitMix64, below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let below = (mixed >> 11) % u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(below).unwrap_or(0)
    }

    /// The next input: a seed after one to four changes.
    pub(crate) fn next(&mut self) -> &[u8] {
        let at = self.below(self.seeds.len());
        let mut bytes = self.seeds[at].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes);
        }
        self.present = bytes;
        &self.present
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        let telling = TELLING[self.below(TELLING.len())];
        let length = 1 + self.below(12);
        let end = (at + length).min(bytes.len());
        match self.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
            1 => bytes.insert(at, telling),
            2 if !bytes.is_empty() => bytes[at] = telling,
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                let other = self.below(self.seeds.len());
                let other = self.seeds[other].clone();
                let from = self.below(other.len());
                let to = (from + length * 4).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
}
