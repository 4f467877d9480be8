//! What the challenges depend on: everything public, and everything committed before they are drawn. Prover and
//! verifier share this code, so a part left out would not show in any honest proof.

use std::collections::HashSet;

use num_traits::One;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use stwo::core::fri::FriConfig;
use stwo::core::pcs::PcsConfig;
use stwo::prover::backend::Column;

use super::{config, fast_fib, fib, honest_words, shape_of, statement_of};
use crate::program::{Program, Word};
use crate::prove::{Session, twiddles};
use crate::shape::Shape;
use crate::statement::Statement;
use crate::trace::{Witness, chain_interaction, table_interaction};

#[test]
fn everything_public_enters_the_transcript() {
    for computation in [fib(300, 77, 0xffff_ffff), fast_fib(100)] {
        let statement = statement_of(&computation, &honest_words(&computation));
        let shape = statement.shape();
        let mut seen = HashSet::new();
        let mut expect_new = |statement: &Statement, config: &PcsConfig, shape: &Shape| {
            let digest = statement.transcript(config, shape).digest();
            assert!(seen.insert(digest.0), "{statement:?}, {config:?}, {shape:?}");
        };
        expect_new(&statement, &config(), &shape);

        let words: [fn(&mut Statement) -> &mut Word; 4] =
            [|s| &mut s.computation.a, |s| &mut s.computation.b, |s| &mut s.result, |s| &mut s.companion];
        for word in words {
            for half in 0..shape.halves {
                let mut other = statement;
                word(&mut other)[half] ^= 1;
                expect_new(&other, &config(), &shape);
            }
        }
        let mut other = statement;
        other.computation.n += 1;
        expect_new(&other, &config(), &shape);
        let mut other = statement;
        other.computation.program = Program::ALL.into_iter().find(|other| *other != computation.program).unwrap();
        expect_new(&other, &config(), &shape);

        for other in [
            Shape { limb_bits: 16, ..shape },
            Shape { rounds_per_row: shape.rounds_per_row + 1, ..shape },
            Shape { log_rows: shape.log_rows + 1, ..shape },
        ] {
            expect_new(&statement, &config(), &other);
        }
        for other in [
            PcsConfig { pow_bits: 11, ..config() },
            PcsConfig { fri_config: FriConfig::new(1, 1, 86, 3), ..config() },
            PcsConfig { fri_config: FriConfig::new(0, 2, 86, 3), ..config() },
            PcsConfig { fri_config: FriConfig::new(0, 1, 87, 3), ..config() },
            PcsConfig { fri_config: FriConfig::new(0, 1, 86, 2), ..config() },
            PcsConfig { lifting_log_size: Some(9), ..config() },
        ] {
            expect_new(&statement, &other, &shape);
        }
    }
}

#[test]
fn challenges_are_drawn_after_the_statement_and_the_trace() {
    let computation = fib(20, 1, 1);
    let (shape, words) = (shape_of(&computation), honest_words(&computation));
    let statement = statement_of(&computation, &words);
    let mut other_statement = statement;
    other_statement.result[0] ^= 1;
    let witness = Witness::of_words(&shape, &words);
    let changed = |change: fn(&mut Witness)| {
        let mut witness = witness.clone();
        change(&mut witness);
        witness
    };
    let twiddles = twiddles(shape.max_log_rows() + 1);
    let mut seen = HashSet::new();
    for (statement, witness) in [
        (statement, witness.clone()),
        (other_statement, witness.clone()),
        (statement, changed(|witness| witness.chain.last_mut().unwrap().set(0, BaseField::one()))),
        (statement, changed(|witness| witness.table[1].set(3, BaseField::from(99)))),
    ] {
        let challenges = Session::new(&statement, config(), &twiddles).commit_trace(&witness);
        assert!(seen.insert(format!("{challenges:?}")), "{statement:?}");
    }
}

/// Otherwise a prover could choose the sums last, to fit the point at which the constraints are sampled.
#[test]
fn the_sums_enter_the_transcript() {
    let computation = fib(20, 1, 1);
    let (shape, words) = (shape_of(&computation), honest_words(&computation));
    let (statement, witness) = (statement_of(&computation, &words), Witness::of_words(&shape, &words));
    let twiddles = twiddles(shape.max_log_rows() + 1);
    let mut seen = HashSet::new();
    for [by_chain, by_table] in [[0, 0], [1, 0], [0, 1]] {
        let mut session = Session::new(&statement, config(), &twiddles);
        let challenges = session.commit_trace(&witness);
        let mut chain = chain_interaction(&shape, &witness.chain, &challenges);
        let mut table = table_interaction(&shape, &witness.table, &challenges);
        chain.sum += SecureField::from(BaseField::from(by_chain));
        table.sum += SecureField::from(BaseField::from(by_table));
        session.commit_interaction(&challenges, chain, table);
        assert!(seen.insert(session.channel.digest().0), "{by_chain}, {by_table}");
    }
}
