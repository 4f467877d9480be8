//! The relations that connect components, and the randomness that checks them.
//!
//! A relation is a multiset of tuples to which components add (use) and from which they remove (yield). A proof shows
//! that all multisets end up empty, by the LogUp argument: the sum of `multiplicity / (combination of tuple - z)` over
//! all entries of all components and the verifier's public entries is zero. One random (z, alpha) serves all relations;
//! each has its own constant added, so that their tuples cannot meet.

use stwo::core::channel::Channel;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;

use crate::row::{Element, Extension};

/// Longest tuple of any relation.
pub const MAX_TUPLE: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Relation {
    /// (pc, clock): where the machine stands. Each step uses one and yields the next.
    State,
    /// (pc, operation, ...): an instruction; the rest of the tuple depends on the operation, see [`crate::rom`].
    Rom,
    /// (address, timestamp, low limb, high limb): a cell's value from that time on. Registers have addresses 0..=32,
    /// memory words [`crate::WORD_OFFSET`] + byte address / 4.
    Memory,
    /// (x): x < 2^16.
    Range16,
    /// (x): x < 2^14.
    Range14,
    /// (a, b, a AND b): bytes.
    And,
    /// (a, b): bytes.
    BytePair,
    /// (x, s, low, high): x << s = low + 256 high, for a byte x and s in 0..=8.
    ByteShift,
    /// (address): list of the dynamic words a run touches, in strictly rising order.
    DynamicChain,
    /// (address): list of the words of the private input, one after another.
    HintChain,
    /// (address, segment, low limb, high limb): a memory word's value from the end of that segment on. In the part that
    /// begins and ends memory it is that part's Memory relation, with segments for times; see [`crate::claim::SegmentedClaim`].
    RunMemory,
}

impl Relation {
    pub const COUNT: usize = 11;
}

/// The interaction randomness, ready for use.
#[derive(Clone, Debug)]
pub struct Relations {
    /// alpha^0 .. alpha^7
    powers: [SecureField; MAX_TUPLE],
    /// alpha^8 * tag - z; the tag is different for each relation of each segment.
    offsets: [SecureField; Relation::COUNT],
    segment: u32,
}

impl Relations {
    /// Draws z and alpha. Must happen after everything that is committed before the interaction trace is in the channel.
    pub fn draw(channel: &mut impl Channel) -> Self {
        let drawn = channel.draw_secure_felts(2);
        Self::new(drawn[0], drawn[1])
    }

    /// The relations for given randomness of a run that is proven whole.
    pub fn new(z: SecureField, alpha: SecureField) -> Self {
        Self::of_segment(z, alpha, 0)
    }

    /// The relations of one segment (1 and up), or of the part that begins and ends memory (0). All parts of a run share
    /// the randomness, so that their sums can be added; their relations are kept apart by their tags.
    pub fn of_segment(z: SecureField, alpha: SecureField, segment: u32) -> Self {
        let mut powers = [SecureField::from(BaseField::from_u32_unchecked(1)); MAX_TUPLE];
        for i in 1..MAX_TUPLE {
            powers[i] = powers[i - 1] * alpha;
        }
        let unit = powers[MAX_TUPLE - 1] * alpha;
        let offset = |tag: u32| unit * BaseField::from_u32_unchecked(tag) - z;
        let mut offsets = std::array::from_fn(|i| offset(segment * Relation::COUNT as u32 + i as u32 + 1));
        offsets[Relation::RunMemory as usize] = offset(Relation::Memory as u32 + 1);
        Self { powers, offsets, segment }
    }

    /// Which segment these are the relations of.
    pub fn segment(&self) -> u32 {
        self.segment
    }

    /// The LogUp denominator of a tuple: sum of alpha^i * tuple_i + alpha^8 * tag - z.
    #[inline(always)]
    pub fn denominator<F: Element, EF: Extension<F>>(&self, relation: Relation, tuple: &[F]) -> EF {
        let mut sum = EF::from(self.offsets[relation as usize]) + tuple[0];
        for (element, power) in tuple.iter().zip(&self.powers).skip(1) {
            sum = sum + EF::from(*power) * *element;
        }
        sum
    }

    /// What `changes` add to a tuple's denominator.
    #[inline(always)]
    pub fn difference<F: Element, EF: Extension<F>>(&self, changes: &[(usize, F)]) -> EF {
        let term = |(index, change): (usize, F)| {
            if index == 0 { EF::from(SecureField::default()) + change } else { EF::from(self.powers[index]) * change }
        };
        changes[1..].iter().fold(term(changes[0]), |sum, &change| sum + term(change))
    }

    /// (numerator, denominator) of a replacement: with d and d' the denominators of the old and new tuple,
    /// m/d - m/d' = m (d' - d) / (d d').
    #[inline(always)]
    pub fn replacement<F: Element, EF: Extension<F>>(
        &self,
        multiplicity: F,
        relation: Relation,
        tuple: &[F],
        changes: &[(usize, F)],
    ) -> (EF, EF) {
        let old: EF = self.denominator(relation, tuple);
        let difference: EF = self.difference(changes);
        (difference * multiplicity, old * (old + difference))
    }
}
