//! What a proof states, how it is written at the front of the proof's bytes, and how it enters the transcript.

use provefleet_proof_system::SecurityProfile;
#[cfg(feature = "prover")]
use provefleet_proof_system::bytes::Writer;
use provefleet_proof_system::bytes::{DecodeError, Reader};
use provefleet_proof_system::envelope::ProofKind;
use provefleet_proof_system::stark::{StarkShape, empty_tree_root};
use stwo::core::air::Component;
use stwo::core::channel::{Blake2sChannel, Channel};
use stwo::core::fields::qm31::SecureField;
use stwo::core::pcs::PcsConfig;
use stwo_constraint_framework::{FrameworkComponent, TraceLocationAllocator};

use crate::air::{Chain, Challenges, Table};
use crate::program::{Computation, Program, Word, word_from_bytes};
#[cfg(feature = "prover")]
use crate::program::{MAX_HALVES, word_to_bytes};
use crate::shape::{Ends, Shape, State, chain_start};

/// The parameters that proofs of this crate are made with.
pub(crate) const PROFILE: SecurityProfile = SecurityProfile::FAST;

pub(crate) const KIND: ProofKind = ProofKind::Fibonacci;

/// First word of the transcript after the configuration: separates these proofs from any other use of the library.
/// Raise it with any change of the AIR, the shapes or the transcript.
const TRANSCRIPT_DOMAIN: u32 = 0x5046_0001;

/// There are no preprocessed columns, so all trees that have columns are equally high and no lifting size is needed.
/// (stwo 2.3.0 mishandles queries into a preprocessed tree that is lower than the others; an empty one is skipped.)
pub(crate) const LIFTING_LOG_SIZE: Option<u32> = None;

/// A computation with the state that it is said to end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub computation: Computation,
    /// The public result.
    pub result: Word,
    /// The last state's other word. The prover names it; the proof binds it like the result.
    pub companion: Word,
}

impl Statement {
    /// The layout of the statement's proof.
    pub fn shape(&self) -> Shape {
        Shape::of(self.computation.program, self.computation.rounds())
    }

    /// The states between which the chain must lead.
    pub fn ends(&self, shape: &Shape) -> Ends {
        let (first, length) = chain_start(&self.computation, shape);
        let (a, b) = match self.computation.result_is_b() {
            true => (self.companion, self.result),
            false => (self.result, self.companion),
        };
        Ends { first, last: State { round: length, a, b } }
    }

    /// The statement that the chain's last state, words a and b as halves, is the computation's.
    #[cfg(feature = "prover")]
    pub fn of_last_state(computation: &Computation, last: &[u16]) -> Self {
        let word = |halves: &[u16]| -> Word {
            let mut word = [0; MAX_HALVES];
            word[..halves.len()].copy_from_slice(halves);
            word
        };
        let (a, b) = last.split_at(computation.program.halves());
        let (result, companion) = match computation.result_is_b() {
            true => (b, a),
            false => (a, b),
        };
        Self { computation: *computation, result: word(result), companion: word(companion) }
    }

    /// Writes the statement. For `fast-fib` a and b are constants of the program and are left out.
    #[cfg(feature = "prover")]
    pub fn write(&self, writer: &mut Writer) {
        let Computation { program, n, a, b } = &self.computation;
        let halves = program.halves();
        writer.u32(program.tag());
        writer.u32(*n);
        if *program == Program::FibInputInitial {
            writer.bytes(&word_to_bytes(a, halves));
            writer.bytes(&word_to_bytes(b, halves));
        }
        writer.bytes(&word_to_bytes(&self.result, halves));
        writer.bytes(&word_to_bytes(&self.companion, halves));
    }

    /// Reads the statement of a proof for `claimed`, whose result is said to be `result`.
    ///
    /// # Errors
    /// [`StatementError::Different`] names the first part that is not the claim's.
    pub fn read(reader: &mut Reader<'_>, claimed: &Computation, result: &Word) -> Result<Self, StatementError> {
        let Computation { program, n, a, b } = claimed;
        let halves = program.halves();
        let tag = reader.u32("program")?;
        if tag != program.tag() {
            return match Program::ALL.into_iter().find(|other| other.tag() == tag) {
                Some(other) => Err(different("program", other.id(), program.id())),
                None => Err(reader.out_of_range("program", format!("tag {tag}")).into()),
            };
        }
        let stated_n = reader.u32("n")?;
        if stated_n != *n {
            return Err(different("n", &stated_n.to_string(), &n.to_string()));
        }
        if *program == Program::FibInputInitial {
            expect_word("a", &read_word(reader, halves)?, a, halves)?;
            expect_word("b", &read_word(reader, halves)?, b, halves)?;
        }
        expect_word("result", &read_word(reader, halves)?, result, halves)?;
        let companion = read_word(reader, halves)?;
        Ok(Self { computation: *claimed, result: *result, companion })
    }

    /// Starts the transcript: configuration, then everything public with the sizes that say how to read it.
    pub fn transcript(&self, config: &PcsConfig, shape: &Shape) -> Blake2sChannel {
        let mut channel = Blake2sChannel::default();
        config.mix_into(&mut channel);
        let Shape { halves, limb_bits, rounds_per_row, log_rows } = *shape;
        let head = [
            TRANSCRIPT_DOMAIN,
            self.computation.program.tag(),
            self.computation.n,
            halves as u32,
            limb_bits,
            rounds_per_row as u32,
            log_rows,
        ];
        let words = [&self.computation.a, &self.computation.b, &self.result, &self.companion];
        let halves = words.into_iter().flatten().map(|half| u32::from(*half));
        // Each word is mixed in full width, so the message has one length for all statements.
        channel.mix_u32s(&head.into_iter().chain(halves).collect::<Vec<_>>());
        channel
    }
}

/// Why a statement is refused.
pub(crate) enum StatementError {
    Malformed(DecodeError),
    Different(String),
}

impl From<DecodeError> for StatementError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

fn different(part: &str, stated: &str, claimed: &str) -> StatementError {
    StatementError::Different(format!("the proof is for {part} {stated}, the claim for {claimed}"))
}

fn read_word(reader: &mut Reader<'_>, halves: usize) -> Result<Word, DecodeError> {
    let bytes = reader.bytes(2 * halves, "word")?;
    Ok(word_from_bytes(bytes, halves).expect("the slice has the word's length"))
}

fn expect_word(part: &str, stated: &Word, claimed: &Word, halves: usize) -> Result<(), StatementError> {
    if stated == claimed {
        return Ok(());
    }
    let hex =
        |word: &Word| word[..halves].iter().rev().fold("0x".to_string(), |text, half| text + &format!("{half:04x}"));
    Err(different(part, &hex(stated), &hex(claimed)))
}

/// The two components with their shares of the lookup sum.
pub(crate) struct Components {
    pub chain: FrameworkComponent<Chain>,
    pub table: FrameworkComponent<Table>,
}

impl Components {
    pub fn new(shape: &Shape, challenges: &Challenges, chain_sum: SecureField, table_sum: SecureField) -> Self {
        let mut allocator = TraceLocationAllocator::default();
        let chain = Chain { shape: *shape, challenges: challenges.clone(), sum: chain_sum };
        let table = Table { shape: *shape, challenges: challenges.clone(), sum: table_sum };
        Self {
            chain: FrameworkComponent::new(&mut allocator, chain, chain_sum),
            table: FrameworkComponent::new(&mut allocator, table, table_sum),
        }
    }

    /// Components for counting, before any challenge is drawn.
    pub fn placeholder(shape: &Shape) -> Self {
        Self::new(shape, &Challenges::placeholder(), SecureField::default(), SecureField::default())
    }

    pub fn as_dyn(&self) -> [&dyn Component; 2] {
        [&self.chain, &self.table]
    }

    /// Sizes of all committed columns of one of the trees.
    pub fn column_log_sizes(&self, tree: usize) -> Vec<u32> {
        let of = |component: &dyn Component| component.trace_log_degree_bounds()[tree].clone();
        [of(&self.chain), of(&self.table)].concat()
    }

    /// The shape of the components' proofs.
    pub fn stark_shape(&self, config: PcsConfig) -> StarkShape {
        StarkShape::new(config, &self.as_dyn(), 0, empty_tree_root())
    }
}
