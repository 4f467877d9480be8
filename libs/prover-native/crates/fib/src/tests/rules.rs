//! For each rule and each relation: a witness that breaks it and nothing else, and the proof of it fails.

use std::collections::BTreeSet;

use num_traits::{One, Zero};
use stwo::core::fields::m31::BaseField;
use stwo::prover::backend::Column;
use stwo::prover::backend::simd::column::BaseColumn;

use super::checker::{Fault, faults};
use super::{attack, continue_honestly, fast_fib, fib, honest_words, one_of_each_layout, shape_of, statement_of};
use crate::air::Rule;
use crate::error::VerifyErrorKind;
use crate::program::Computation;
use crate::shape::Shape;
use crate::statement::Statement;
use crate::trace::Witness;

const ENABLED: usize = 0;
const ROUND: usize = 1;
const VALUE: usize = 0;
const TIMES: usize = 1;

fn element(value: i64) -> BaseField {
    BaseField::from(i32::try_from(value).unwrap())
}

fn change(column: &mut BaseColumn, row: usize, by: i64) {
    let value = column.at(row) + element(by);
    column.set(row, value);
}

/// Requires that the witness has this one fault and that the verifier refuses a proof made by it, because a constraint
/// does not hold.
fn expect_only(fault: Fault, statement: &Statement, witness: &Witness) {
    assert_eq!(faults(statement, witness), BTreeSet::from([fault]), "{statement:?}");
    let refusal = attack(statement, witness).expect_err("the proof of a wrong witness was accepted");
    assert_eq!(refusal.kind, VerifyErrorKind::Rejected);
    assert!(refusal.reason.contains("OODS"), "refused for another reason: {refusal}");
}

fn honest(computation: &Computation) -> (Shape, Statement, Witness) {
    let words = honest_words(computation);
    let shape = shape_of(computation);
    (shape, statement_of(computation, &words), Witness::of_words(&shape, &words))
}

fn enabled_rows(computation: &Computation, shape: &Shape) -> usize {
    (computation.rounds() as usize).div_ceil(shape.rounds_per_row)
}

/// Computations whose chain has at least two rows that are not enabled.
fn with_padding() -> Vec<Computation> {
    one_of_each_layout()
        .into_iter()
        .filter(|computation| {
            let shape = shape_of(computation);
            enabled_rows(computation, &shape) + 2 <= 1 << shape.log_rows
        })
        .collect()
}

#[test]
fn enabled_is_boolean() {
    assert!(with_padding().len() >= 5);
    for computation in with_padding() {
        // Two padding rows whose multiplicities cancel: the states still balance.
        for (first, second) in [(1, -1), (2, -2), (1 << 20, -(1 << 20))] {
            let (shape, statement, mut witness) = honest(&computation);
            let padding = enabled_rows(&computation, &shape);
            change(&mut witness.chain[ENABLED], padding, first);
            change(&mut witness.chain[ENABLED], padding + 1, second);
            expect_only(Fault::Rule(Rule::EnabledIsBoolean), &statement, &witness);
        }
    }
}

/// A chain in which one half of one word is computed with a carry that is neither 0 nor 1, and all that follows
/// honestly from it. `None` if no row has fitting words.
///
/// For the topmost half any other value will do. For a lower one the next carry must stay boolean: lowering the half
/// by 2 makes its carry larger by 2 × 2^-16 = 2^16 modulo p (this is a solution shifted by p), which the next carry
/// takes as 1 more, and the half after the next absorbs that.
fn with_wrong_carry(computation: &Computation, round: usize, half: usize) -> Option<Vec<u16>> {
    let shape = shape_of(computation);
    let (halves, per_row) = (shape.halves, shape.rounds_per_row);
    let honest = honest_words(computation);
    let words = honest.len() / halves;
    (0..enabled_rows(computation, &shape)).find_map(|row| {
        let at = (row * per_row + round + 2) * halves;
        assert!(at < words * halves);
        let sums = |half: usize| {
            (0..=half).fold(0, |carry, half| {
                (carry >> 16) + u32::from(honest[at - 2 * halves + half]) + u32::from(honest[at - halves + half])
            })
        };
        let mut changed = honest[..at + halves].to_vec();
        if half + 1 == halves {
            changed[at + half] = changed[at + half].checked_add(1)?;
        } else {
            if sums(half + 1) >= 1 << 16 {
                return None;
            }
            changed[at + half] = changed[at + half].checked_sub(2)?;
            if half + 2 < halves {
                changed[at + half + 2] = changed[at + half + 2].checked_add(1)?;
            }
        }
        continue_honestly(&mut changed, halves, honest.len());
        Some(changed)
    })
}

#[test]
fn carries_are_boolean() {
    let (mut all, mut tried) = (BTreeSet::new(), BTreeSet::new());
    for computation in one_of_each_layout() {
        let shape = shape_of(&computation);
        // The largest layout is slow to prove and its rules are the same ones; the ends of a row are enough.
        let rounds: Vec<usize> = match shape.limb_bits {
            16 => vec![0, shape.rounds_per_row - 1],
            _ => (0..shape.rounds_per_row).collect(),
        };
        for round in rounds {
            for half in 0..shape.halves {
                let rule = (shape.halves, shape.limb_bits, shape.rounds_per_row, round, half);
                all.insert(rule);
                let Some(words) = with_wrong_carry(&computation, round, half) else {
                    continue;
                };
                tried.insert(rule);
                let statement = statement_of(&computation, &words);
                assert_ne!(statement, statement_of(&computation, &honest_words(&computation)), "the claim is false");
                let witness = Witness::of_words(&shape, &words);
                expect_only(Fault::Rule(Rule::CarryIsBoolean { round, half }), &statement, &witness);
            }
        }
    }
    assert_eq!(tried, all);
}

/// Columns of the two lowest limbs of a round's word.
fn lowest_limbs(shape: &Shape, round: usize) -> (usize, usize) {
    let lowest = shape.head_columns() + round * shape.limbs_per_word();
    (lowest, lowest + 1)
}

/// Lets the table count the limbs that the chain holds, as far as it has them.
fn recount(shape: &Shape, witness: &mut Witness) {
    let mut times = vec![0u32; 1 << shape.limb_bits];
    for column in &witness.chain[shape.head_columns()..] {
        for limb in column.as_slice() {
            if let Some(times) = times.get_mut(limb.0 as usize) {
                *times += 1;
            }
        }
    }
    witness.table[TIMES] = times.into_iter().map(BaseField::from).collect();
}

#[test]
fn limbs_smaller_than_a_half_are_in_range() {
    for computation in one_of_each_layout().into_iter().filter(|computation| computation.rounds() > 0) {
        let (shape, statement, witness) = honest(&computation);
        if shape.limb_bits == 16 {
            continue;
        }
        // The same half composed of a limb beyond the range, or of one below zero.
        let (low, high) = lowest_limbs(&shape, 0);
        for (by_low, by_high) in [(1 << shape.limb_bits, -1), (-(1 << shape.limb_bits), 1)] {
            let mut witness = witness.clone();
            change(&mut witness.chain[low], 0, by_low);
            change(&mut witness.chain[high], 0, by_high);
            recount(&shape, &mut witness);
            expect_only(Fault::Range, &statement, &witness);
        }
    }
}

#[test]
fn limbs_that_are_halves_are_in_range() {
    let (shape, statement, mut witness) = honest(&fib(400_001, 5, 0xfedc_ba98));
    assert_eq!(shape.limb_bits, 16);
    // A low half that keeps its carry to itself: 2^16 more in it, 1 less in the high half, the same word. The next two
    // words' low halves have no carry of their own, so they can take over the one that was kept.
    let (row, low) = (0..shape.rounds_per_row - 2)
        .map(|round| lowest_limbs(&shape, round).0)
        .flat_map(|low| (0..1000).map(move |row| (row, low)))
        .find(|(row, low)| {
            let carry =
                |column: usize| (witness.chain[column - 4].at(*row).0 + witness.chain[column - 2].at(*row).0) >> 16;
            (carry(*low), carry(low + 2), carry(low + 4)) == (1, 0, 0) && witness.chain[low + 1].at(*row).0 > 0
        })
        .unwrap();
    change(&mut witness.chain[low], row, 1 << 16);
    change(&mut witness.chain[low + 1], row, -1);
    recount(&shape, &mut witness);
    expect_only(Fault::Range, &statement, &witness);
}

#[test]
fn the_table_gives_what_is_taken() {
    for computation in one_of_each_layout() {
        for by in [1, -1, 1 << 30] {
            let (_, statement, mut witness) = honest(&computation);
            change(&mut witness.table[TIMES], 3, by);
            expect_only(Fault::Range, &statement, &witness);
        }
    }
}

#[test]
fn the_table_has_each_value_once() {
    for computation in [fib(9, 1, 1), fast_fib(30)] {
        let (_, statement, witness) = honest(&computation);
        let unused: Vec<usize> =
            (1..witness.table[TIMES].len()).filter(|row| witness.table[TIMES].at(*row).is_zero()).collect();
        // An unused value becomes another one: a duplicate, the first beyond the range, one below zero.
        for value in [0, unused[0] as i64 + 1, witness.table[VALUE].len() as i64, -1] {
            let mut witness = witness.clone();
            witness.table[VALUE].set(unused[0], element(value));
            expect_only(Fault::Order, &statement, &witness);
        }
    }
}

#[test]
fn a_table_that_vouches_for_a_limb_beyond_the_range_is_noticed() {
    let (shape, statement, mut witness) = honest(&fib(9, 1, 1));
    let (low, high) = lowest_limbs(&shape, 0);
    let row = (0..10).find(|row| witness.chain[high].at(*row).0 == 1).unwrap();
    let values: Vec<u32> = [low, high].iter().map(|column| witness.chain[*column].at(row).0).collect();
    change(&mut witness.chain[low], row, 16);
    change(&mut witness.chain[high], row, -1);
    change(&mut witness.table[TIMES], values[0] as usize, -1);
    change(&mut witness.table[TIMES], values[1] as usize, -1);
    change(&mut witness.table[TIMES], 0, 1);
    let unused = (1..16).find(|row| witness.table[TIMES].at(*row).is_zero()).unwrap();
    witness.table[VALUE].set(unused, element(i64::from(values[0]) + 16));
    witness.table[TIMES].set(unused, BaseField::one());
    expect_only(Fault::Order, &statement, &witness);
}

#[test]
fn rows_continue_each_other() {
    for computation in one_of_each_layout().into_iter().filter(|computation| computation.rounds() > 0) {
        let (shape, statement, honest_witness) = honest(&computation);

        // A false result for a true run.
        let mut other = statement;
        other.result[0] ^= 1;
        expect_only(Fault::State, &other, &honest_witness);
        let mut other = statement;
        other.companion[shape.halves - 1] ^= 0x8000;
        expect_only(Fault::State, &other, &honest_witness);

        // A padding row that claims to be part of a run, at a round of its own or at one that occurs.
        let padding = enabled_rows(&computation, &shape);
        if padding < 1 << shape.log_rows {
            for round in [0, shape.rounds_per_row as i64, 1 << 22, -(shape.rounds_per_row as i64)] {
                let mut witness = honest_witness.clone();
                witness.chain[ENABLED].set(padding, BaseField::one());
                witness.chain[ROUND].set(padding, element(round));
                expect_only(Fault::State, &statement, &witness);
            }
        }

        // The last row is left out.
        let mut witness = honest_witness.clone();
        witness.chain[ENABLED].set(padding - 1, BaseField::zero());
        expect_only(Fault::State, &statement, &witness);

        // The last row is numbered as if it came one row later.
        let mut witness = honest_witness.clone();
        change(&mut witness.chain[ROUND], padding - 1, shape.rounds_per_row as i64);
        expect_only(Fault::State, &statement, &witness);
    }
}

#[test]
fn a_run_cannot_start_elsewhere_or_jump() {
    for computation in [fib(60, 1, 1), fib(120, 1, 1), fib(5000, 1, 1), fast_fib(200)] {
        let shape = shape_of(&computation);
        let honest = honest_words(&computation);
        // At the start, and at the start of a later row, another state takes over and is led on honestly.
        for row in [0, 7] {
            let at = row * shape.rounds_per_row * shape.halves;
            let mut words = honest[..at].to_vec();
            words.extend((0..2 * shape.halves).map(|half| 1000 + half as u16));
            continue_honestly(&mut words, shape.halves, honest.len());
            let statement = statement_of(&computation, &words);
            let mut witness = Witness::of_words(&shape, &words);
            // The rows before end as they did; only the new row's start is another.
            let before = Witness::of_words(&shape, &honest);
            for column in 0..witness.chain.len() {
                for row in 0..row {
                    let value = before.chain[column].at(row);
                    witness.chain[column].set(row, value);
                }
            }
            recount(&shape, &mut witness);
            expect_only(Fault::State, &statement, &witness);
        }
    }
}

#[test]
fn a_shorter_run_cannot_pass_for_a_longer_one() {
    for computation in [fib(60, 1, 1), fib(5000, 1, 1), fast_fib(200)] {
        let shape = shape_of(&computation);
        let honest = honest_words(&computation);
        let shorter = &honest[..honest.len() - shape.rounds_per_row * shape.halves];
        let statement = statement_of(&computation, shorter);
        let mut witness = Witness::of_words(&shape, shorter);
        expect_only(Fault::State, &statement, &witness);
        // The same, with all rounds numbered one row later so that the last one is right.
        for row in 0..enabled_rows(&computation, &shape) - 1 {
            change(&mut witness.chain[ROUND], row, shape.rounds_per_row as i64);
        }
        expect_only(Fault::State, &statement, &witness);
    }
}

/// No half of a state is left out of its tuple: a last state that is false in one half is not the true one.
#[test]
fn every_half_of_a_state_is_bound() {
    for computation in [fib(9, 0x8000_0001, 0x7fff_0001), fib(5000, 3, 4), fast_fib(100)] {
        let (shape, statement, witness) = honest(&computation);
        for half in 0..shape.halves {
            let mut other = statement;
            other.result[half] ^= 1;
            expect_only(Fault::State, &other, &witness);
            let mut other = statement;
            other.companion[half] ^= 1;
            expect_only(Fault::State, &other, &witness);
        }
    }
}
