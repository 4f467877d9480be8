//! The algebraic intermediate representation (AIR): what a proof proves.
//!
//! There are two components over the field of p = 2^31 − 1 elements.
//!
//! * The **chain** runs the loop `(a, b) = (b, a + b)`, [`Shape::rounds_per_row`] rounds in a row. A row starts from
//!   the state (round, a, b) and computes the next words, each given by its limbs.
//! * The **table** has one row for each value a limb may take.
//!
//! Rows are tied by three lookup relations (LogUp: a sum of ± multiplicity / (tuple − challenge) that is zero only if
//! every tuple is given as often as it is taken, up to an error below 2^-100 for the sizes allowed here):
//!
//! | relation | taken | given |
//! | --- | --- | --- |
//! | state (round, a, b) | by each enabled row: its first state; by the verifier: the last state of the claim | by each enabled row: its last state; by the verifier: the first state of the claim |
//! | range (limb) | by each limb of each row | by the table's rows, as often as they please |
//! | order (value) | by each table row: its value; by the verifier: 2^limb_bits | by each table row: its value + 1; by the verifier: 0 |
//!
//! # Why an accepted claim is true
//!
//! Sums of unit multiplicities stay below 2^23 in every relation, far below p, so "as often modulo p" is "as often".
//!
//! 1. *Order.* Let f(x) be the number of table rows with value x. The relation says f(x) + [x = 2^limb_bits] =
//!    f(x − 1) + [x = 0] for all x of the field. So f is some constant c outside of 0..2^limb_bits and c + 1 inside,
//!    and as the table has 2^limb_bits rows and the field more elements than that, c = 0: each value occurs once.
//!    That the table has so many rows is not enforced by the commitments: with stwo 2.3.0 a prover may commit the
//!    columns of the smaller component at the height of the larger one. The last sum column is read in the row before
//!    too, and for such columns the library also checks the period that the stated size asks for. So the totals of the
//!    rows are periodic, and any 2^limb_bits rows in a row are a whole witness with the claimed sum.
//! 2. *Range.* Hence every limb of every chain row, enabled or not, is an integer in 0..2^limb_bits, and every half
//!    composed of them is an integer in 0..2^16.
//! 3. *State.* Multiplicities are 0 or 1 by the rule `EnabledIsBoolean`. The taken states are the given ones. Start
//!    at the claim's first state (round 0): it is taken by a row, or it is the claim's last state. A row that takes a
//!    state of round r gives one of round r + rounds_per_row, and so on. There are fewer than 2^21 rounds in all rows
//!    together, so round numbers never come back to an earlier one modulo p, and the walk ends, at the claim's last
//!    state, after exactly the rounds that the verifier computed from the claim. Rows beside this walk would need a
//!    beginning that nobody gives, or a circle of p / rounds_per_row rows; there are none.
//! 4. *Rounds.* On that walk, the words a and b are the claim's (which the verifier composed of halves below 2^16) or
//!    were computed by an earlier row (below 2^16 each by 2). With `CarryIsBoolean` each round is `c = a + b` modulo
//!    2^(16 × halves) in integers, so the claim's last state is the right one.

use num_traits::{One, Zero};
use std::ops::{Add, Mul, Sub};

use stwo::core::channel::Channel;
use stwo::core::fields::FieldExpOps;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use stwo_constraint_framework::{EvalAtRow, FrameworkEval, INTERACTION_TRACE_IDX};

use crate::program::MAX_HALVES;
use crate::shape::{Ends, Shape, State};

/// 2^-16 modulo p: as 2^31 = 1, it is 2^15.
const INVERSE_2_16: BaseField = BaseField::from_u32_unchecked(1 << 15);

/// The polynomial rules of the chain. (The table has none; it is bound by its relations.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// `enabled × (enabled − 1) = 0`.
    ///
    /// Needed because `enabled` is the multiplicity of the row's states: any other value would let one row stand for
    /// several or for a negative number of rows. Bound: both factors are field elements and a field has no divisors
    /// of zero, so no range is assumed.
    EnabledIsBoolean,
    /// `carry × (carry − 1) = 0` where `carry = (a + b + carry_in − c) / 2^16` for one half of one round.
    ///
    /// It enforces `a + b + carry_in = c + 2^16 × carry`; the topmost half's carry is dropped, which is the reduction
    /// modulo 2^(16 × halves). Bounds, with a, b, c < 2^16 and carry, carry_in ≤ 1: the left side is at most
    /// 2 × (2^16 − 1) + 1 = 2^17 − 1, the right side at most 2^16 − 1 + 2^16 = 2^17 − 1; both are far below p, so
    /// the equation modulo p is the equation in integers, and no limb can be exchanged for another ± p.
    CarryIsBoolean { round: usize, half: usize },
}

/// The challenges of the relations.
#[derive(Clone, Debug)]
pub(crate) struct Challenges {
    range: SecureField,
    order: SecureField,
    state: SecureField,
    /// Powers of the challenge that joins a state's parts: for round, halves of a, halves of b.
    state_powers: [SecureField; 1 + 2 * MAX_HALVES],
}

impl Challenges {
    /// Draws the challenges, after the trace is committed.
    pub fn draw(channel: &mut impl Channel) -> Self {
        let [range, order, state, join]: [SecureField; 4] =
            channel.draw_secure_felts(4).try_into().expect("four elements were asked for");
        Self::new(range, order, state, join)
    }

    /// Challenges for counting columns and rules, where their values don't matter.
    pub fn placeholder() -> Self {
        Self::new(SecureField::one(), SecureField::one(), SecureField::one(), SecureField::one())
    }

    fn new(range: SecureField, order: SecureField, state: SecureField, join: SecureField) -> Self {
        let mut power = SecureField::one();
        let state_powers = std::array::from_fn(|_| {
            let this = power;
            power *= join;
            this
        });
        Self { range, order, state, state_powers }
    }

    /// The denominator of a limb in the range relation.
    #[inline(always)]
    pub fn range_denominator<F, EF: From<F> + Sub<SecureField, Output = EF>>(&self, limb: F) -> EF {
        EF::from(limb) - self.range
    }

    /// The denominator of a value in the order relation.
    #[inline(always)]
    pub fn order_denominator<F, EF: From<F> + Sub<SecureField, Output = EF>>(&self, value: F) -> EF {
        EF::from(value) - self.order
    }

    /// The denominator of a state.
    #[inline(always)]
    pub fn state_denominator<F, EF, const H: usize>(&self, state: &RowState<F, H>) -> EF
    where
        F: Clone,
        EF: From<F> + From<SecureField> + Add<EF, Output = EF> + Mul<F, Output = EF> + Sub<SecureField, Output = EF>,
    {
        let words = state.a.iter().chain(&state.b);
        words.zip(&self.state_powers[1..]).fold(EF::from(state.round.clone()) - self.state, |sum, (half, power)| {
            sum + EF::from(*power) * half.clone()
        })
    }

    /// What the verifier itself takes and gives, as one sum; with the components' sums it must be zero.
    /// `None` in the case, of probability below 2^-100, that a challenge hits a tuple.
    pub fn public_sum(&self, shape: &Shape, ends: &Ends) -> Option<SecureField> {
        let state = |state: &State| {
            let half = |half: u16| BaseField::from(u32::from(half));
            let words = state.a[..shape.halves].iter().chain(&state.b[..shape.halves]);
            words
                .zip(&self.state_powers[1..])
                .fold(SecureField::from(BaseField::from(state.round)) - self.state, |sum, (value, power)| {
                    sum + *power * half(*value)
                })
        };
        let order = |value: u32| SecureField::from(BaseField::from(value)) - self.order;
        let taken = [state(&ends.last), order(1 << shape.limb_bits)];
        let given = [state(&ends.first), order(0)];
        if taken.iter().chain(&given).any(SecureField::is_zero) {
            return None;
        }
        let inverses = |sides: [SecureField; 2]| sides[0].inverse() + sides[1].inverse();
        Some(inverses(taken) - inverses(given))
    }
}

/// What the AIR needs of a field whose elements are cells: the base field itself, vectors of it, its extension at a
/// point, or counters of operations.
pub(crate) trait Cell:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Mul<BaseField, Output = Self> + From<BaseField>
{
}
impl<T> Cell for T where
    T: Clone + Add<Output = T> + Sub<Output = T> + Mul<Output = T> + Mul<BaseField, Output = T> + From<BaseField>
{
}

/// A state of the loop at a row's start or end.
pub(crate) struct RowState<F, const H: usize> {
    pub round: F,
    pub a: [F; H],
    pub b: [F; H],
}

/// One row of a component as the AIR sees it. The same description of a component serves the verifier, the prover's
/// constraint evaluation, the computation of the lookup columns, and the tests' scalar checker.
pub(crate) trait Row {
    type F: Cell;

    /// The next cell of the row.
    fn cell(&mut self) -> Self::F;
    /// States that `value` is zero.
    fn require(&mut self, rule: Rule, value: Self::F);
    /// Takes `limb` from the range relation. Must be called an even number of times in a row: two make one column.
    fn take_range(&mut self, limb: Self::F);
    /// Gives `value` to the range relation `times` times.
    fn give_range(&mut self, value: Self::F, times: Self::F);
    /// Takes `value` from the order relation and gives `value + 1`; the last call of a row.
    fn step_order(&mut self, value: Self::F);
    /// If `enabled`, takes `from` from the state relation and gives `to`; the last call of a row.
    fn step_state<const H: usize>(&mut self, enabled: Self::F, from: &RowState<Self::F, H>, to: &RowState<Self::F, H>);
}

fn constant<F: Cell>(value: u32) -> F {
    F::from(BaseField::from(value))
}

/// The chain's row. Columns: enabled, round, a, b, then the limbs of each round's new word, least significant first.
#[inline(always)]
pub(crate) fn chain_row<R: Row>(row: &mut R, shape: &Shape) {
    match shape.halves {
        2 => chain_row_of::<R, 2>(row, shape),
        MAX_HALVES => chain_row_of::<R, MAX_HALVES>(row, shape),
        halves => unreachable!("no program has words of {halves} halves"),
    }
}

#[inline(always)]
fn chain_row_of<R: Row, const H: usize>(row: &mut R, shape: &Shape) {
    let one = || constant::<R::F>(1);
    let enabled = row.cell();
    row.require(Rule::EnabledIsBoolean, enabled.clone() * (enabled.clone() - one()));
    let from = RowState::<_, H> {
        round: row.cell(),
        a: std::array::from_fn(|_| row.cell()),
        b: std::array::from_fn(|_| row.cell()),
    };
    let (mut a, mut b) = (from.a.clone(), from.b.clone());
    for round in 0..shape.rounds_per_row {
        let c: [R::F; H] = std::array::from_fn(|_| half(row, shape));
        let mut carry: Option<R::F> = None;
        for (half, ((a, b), c)) in a.iter().zip(&b).zip(&c).enumerate() {
            let mut sum = a.clone() + b.clone() - c.clone();
            if let Some(carry_in) = carry {
                sum = sum + carry_in;
            }
            let carry_out = sum * INVERSE_2_16;
            row.require(Rule::CarryIsBoolean { round, half }, carry_out.clone() * (carry_out.clone() - one()));
            carry = Some(carry_out);
        }
        (a, b) = (b, c);
    }
    let to = RowState { round: from.round.clone() + constant(shape.rounds_per_row as u32), a, b };
    row.step_state(enabled, &from, &to);
}

/// Reads a half's limbs, sends each to the range relation and composes them. With limbs below 2^limb_bits the half is
/// the integer sum, at most 2^16 − 1 < p.
#[inline(always)]
fn half<R: Row>(row: &mut R, shape: &Shape) -> R::F {
    let lowest = row.cell();
    row.take_range(lowest.clone());
    (1..shape.limbs_per_half()).fold(lowest, |sum, at| {
        let limb = row.cell();
        row.take_range(limb.clone());
        sum + limb * BaseField::from(1 << (at as u32 * shape.limb_bits))
    })
}

/// The table's row. Columns: the value, and how often it is taken.
#[inline(always)]
pub(crate) fn table_row<R: Row>(row: &mut R) {
    let value = row.cell();
    let times = row.cell();
    row.give_range(value.clone(), times);
    row.step_order(value);
}

/// Columns of the table, without the lookup argument's.
#[cfg(feature = "prover")]
pub(crate) const TABLE_COLUMNS: usize = 2;

/// Fractions of a table's row in the lookup argument.
#[cfg(feature = "prover")]
pub(crate) const TABLE_FRACTIONS: usize = 2;

/// Presents a row to one of the framework's evaluators. Each pair of limbs, each gift of the table and each step is a
/// fraction; they are summed from column to column, and in the last column from row to row.
struct FrameworkRow<'a, E: EvalAtRow> {
    eval: E,
    challenges: &'a Challenges,
    /// The first limb of a pair.
    pending: Option<E::EF>,
    /// The sum of this row's fractions so far.
    sum: E::EF,
    /// The component's sum divided by its number of rows, so that the last column's sum comes back to its start.
    shift: SecureField,
}

impl<'a, E: EvalAtRow> FrameworkRow<'a, E> {
    fn new(eval: E, challenges: &'a Challenges, component_sum: SecureField, log_rows: u32) -> Self {
        let shift = component_sum * BaseField::from(1 << log_rows).inverse();
        Self { eval, challenges, pending: None, sum: E::EF::zero(), shift }
    }

    /// `numerator / denominator` is what this column adds to the column before.
    fn fraction(&mut self, numerator: E::EF, denominator: E::EF) {
        let [sum] = self.eval.next_extension_interaction_mask(INTERACTION_TRACE_IDX, [0]);
        self.eval.add_constraint((sum.clone() - self.sum.clone()) * denominator - numerator);
        self.sum = sum;
    }

    /// `numerator / denominator` is what the last column adds to the column before and to itself in the row before.
    /// It must read exactly the rows -1 and 0: with that mask the library ties the column's period to the stated size
    /// (see the argument above, 1).
    fn last_fraction(&mut self, numerator: E::EF, denominator: E::EF) {
        debug_assert!(self.pending.is_none(), "a limb without its pair would not be looked up");
        let [before, sum] = self.eval.next_extension_interaction_mask(INTERACTION_TRACE_IDX, [-1, 0]);
        let added = sum - before - self.sum.clone() + self.shift;
        self.eval.add_constraint(added * denominator - numerator);
    }
}

impl<E: EvalAtRow> Row for FrameworkRow<'_, E>
where
    E::F: Cell,
{
    type F = E::F;

    #[inline(always)]
    fn cell(&mut self) -> E::F {
        self.eval.next_trace_mask()
    }

    #[inline(always)]
    fn require(&mut self, _: Rule, value: E::F) {
        self.eval.add_constraint(value);
    }

    #[inline(always)]
    fn take_range(&mut self, limb: E::F) {
        let denominator = self.challenges.range_denominator::<_, E::EF>(limb);
        match self.pending.take() {
            None => self.pending = Some(denominator),
            Some(first) => self.fraction(first.clone() + denominator.clone(), first * denominator),
        }
    }

    #[inline(always)]
    fn give_range(&mut self, value: E::F, times: E::F) {
        let denominator = self.challenges.range_denominator(value);
        self.fraction(-E::EF::from(times), denominator);
    }

    #[inline(always)]
    fn step_order(&mut self, value: E::F) {
        let taken: E::EF = self.challenges.order_denominator(value);
        self.last_fraction(E::EF::one(), taken.clone() * (taken + BaseField::one()));
    }

    #[inline(always)]
    fn step_state<const H: usize>(&mut self, enabled: E::F, from: &RowState<E::F, H>, to: &RowState<E::F, H>) {
        let taken: E::EF = self.challenges.state_denominator(from);
        let given: E::EF = self.challenges.state_denominator(to);
        self.last_fraction((given.clone() - taken.clone()) * enabled, taken * given);
    }
}

/// The chain as the framework's component.
pub(crate) struct Chain {
    pub shape: Shape,
    pub challenges: Challenges,
    pub sum: SecureField,
}

impl FrameworkEval for Chain {
    fn log_size(&self) -> u32 {
        self.shape.log_rows
    }

    /// All constraints have degree at most 3, so their quotients have twice the trace's size.
    fn max_constraint_log_degree_bound(&self) -> u32 {
        self.log_size() + 1
    }

    fn evaluate<E: EvalAtRow>(&self, eval: E) -> E {
        let mut row = FrameworkRow::new(eval, &self.challenges, self.sum, self.log_size());
        chain_row(&mut row, &self.shape);
        row.eval
    }
}

/// The table as the framework's component.
pub(crate) struct Table {
    pub shape: Shape,
    pub challenges: Challenges,
    pub sum: SecureField,
}

impl FrameworkEval for Table {
    fn log_size(&self) -> u32 {
        self.shape.log_table_rows()
    }

    /// All constraints have degree at most 3, so their quotients have twice the trace's size.
    fn max_constraint_log_degree_bound(&self) -> u32 {
        self.log_size() + 1
    }

    fn evaluate<E: EvalAtRow>(&self, eval: E) -> E {
        let mut row = FrameworkRow::new(eval, &self.challenges, self.sum, self.log_size());
        table_row(&mut row);
        row.eval
    }
}
