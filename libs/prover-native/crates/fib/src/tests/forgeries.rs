//! For each equation over the field: no solution that is off by a multiple of p passes.

use std::collections::BTreeSet;

use num_traits::One;
use stwo::core::fields::m31::{BaseField, P};
use stwo::prover::backend::Column;

use super::checker::{Fault, faults};
use super::{attack, fast_fib, fib, honest_words, shape_of, statement_of};
use crate::program::sub;
use crate::trace::Witness;

/// `carry = (sum − c) / 2^16` as the AIR computes it.
fn carry(sum: u32, c: BaseField) -> BaseField {
    (BaseField::from(sum) - c) * BaseField::from(1 << 15)
}

/// `a + b + carry_in = c + 2^16 × carry`: for each left side that can occur and each value of the carry, the field has
/// one solution c. Of the two, one is the integers' and the other is out of the range of a half.
#[test]
fn the_carry_equation_has_one_solution_in_range() {
    for sum in 0..=2 * 0xffff + 1u32 {
        let roots = [0, 1 << 16].map(|taken| BaseField::from(sum) - BaseField::from(taken));
        assert_eq!(roots.map(|c| carry(sum, c)), [0, 1].map(BaseField::from));
        let in_range: Vec<u32> = roots.iter().map(|c| c.0).filter(|c| *c < 1 << 16).collect();
        assert_eq!(in_range, [sum & 0xffff]);
    }
}

/// All halves c against sums at the corners: no third solution, in particular none shifted by p such as c − 2, whose
/// carry is larger by 2^16 modulo p.
#[test]
fn no_other_half_has_a_boolean_carry() {
    for sum in [0, 1, 2, 0x7fff, 0xfffe, 0xffff, 0x1_0000, 0x1_0001, 0x1_7fff, 0x1_ffff] {
        for c in 0..1u32 << 16 {
            assert_eq!(carry(sum, BaseField::from(c)).0 <= 1, c == sum & 0xffff, "sum {sum}, c {c}");
        }
    }
}

/// `half = Σ limb × 2^(bits × i)`: all limbs in range compose, in the field, the integer below 2^16 that has them as
/// digits; so no half, and no half ± p, has a second composition.
#[test]
fn halves_are_composed_in_one_way() {
    for bits in [4u32, 8, 16] {
        let mut seen = BTreeSet::new();
        for digits in 0..1u32 << 16 {
            let limbs = (0..16 / bits).map(|at| digits >> (at * bits) & ((1 << bits) - 1));
            let half = limbs.enumerate().fold(BaseField::from(0), |sum, (at, limb)| {
                sum + BaseField::from(limb) * BaseField::from(1 << (at as u32 * bits))
            });
            assert_eq!(half.0, digits);
            seen.insert(half.0);
        }
        assert_eq!(seen.len(), 1 << 16);
    }
}

/// `round + rounds_per_row`: a row whose round is −rounds_per_row modulo p leads to round 0, to the very state that
/// the claim starts from. Nobody gives the state that it takes.
#[test]
fn rounds_do_not_wrap_around_the_modulus() {
    for computation in [fib(9, 1, 1), fib(100, 5, 6), fib(140, 5, 6), fast_fib(5)] {
        let shape = shape_of(&computation);
        let words = honest_words(&computation);
        let statement = statement_of(&computation, &words);
        let first = statement.ends(&shape).first;
        let (mut a, mut b) = (first.a, first.b);
        let mut before = words.clone();
        for _ in 0..shape.rounds_per_row {
            (a, b) = (sub(&b, &a, shape.halves), a);
            before.splice(..0, a[..shape.halves].iter().copied());
        }
        // The rows of a chain that begins one row earlier, of which the first is numbered −rounds_per_row.
        let mut witness = Witness::of_words(&shape, &before);
        let rounds = witness.chain[1].clone();
        let rows = (words.len() / shape.halves - 2) / shape.rounds_per_row;
        for row in 0..rows {
            witness.chain[1].set(row + 1, rounds.at(row));
        }
        witness.chain[1].set(0, BaseField::from(P - shape.rounds_per_row as u32));
        assert_eq!(witness.chain[0].at(rows), BaseField::one());
        assert_eq!(faults(&statement, &witness), BTreeSet::from([Fault::State]));
        assert!(attack(&statement, &witness).is_err());
    }
}

/// Unit multiplicities are counted modulo p; the largest layout stays far below it.
#[test]
fn lookups_are_too_few_to_wrap() {
    let mut largest = 0;
    for n in (0..=crate::MAX_N).step_by(1009).chain([crate::MAX_N]) {
        let shape = shape_of(&fib(n, 0, 0));
        let limbs = (shape.rounds_per_row * shape.limbs_per_word()) as u64;
        let rounds = (shape.rounds_per_row as u64) << shape.log_rows;
        assert!(rounds > u64::from(n) && rounds < 1 << 21, "n {n}: {shape:?}");
        largest = largest.max(limbs << shape.log_rows);
    }
    assert!(largest < 1 << 23);
}
