//! One row of a component's trace, seen by its constraints.
//!
//! Each component's constraints are one function over [`Row`]. The prover, the verifier, the generation of the
//! interaction trace, the trace checker and the mutation tests are different implementations of `Row`, so they cannot
//! disagree about what is constrained.

use std::ops::{Add, Mul, Neg, Sub};

use num_traits::{One, Zero};
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;

use crate::relation::Relation;

/// Value of a column, or of an expression over columns: a field element, a SIMD vector of them, or the value of a
/// polynomial at a point of the extension field.
pub trait Element:
    Copy
    + Zero
    + One
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
    + Mul<BaseField, Output = Self>
    + From<BaseField>
{
    /// The constant `value`, which must be below the field's order.
    fn constant(value: u32) -> Self {
        Self::from(BaseField::from_u32_unchecked(value))
    }

    /// This value times the constant `factor`.
    fn times(self, factor: u32) -> Self {
        self * BaseField::from_u32_unchecked(factor)
    }
}

impl<T> Element for T where
    T: Copy
        + Zero
        + One
        + Add<Output = T>
        + Sub<Output = T>
        + Mul<Output = T>
        + Neg<Output = T>
        + Mul<BaseField, Output = T>
        + From<BaseField>
{
}

/// A value in the extension field that goes with `F`.
pub trait Extension<F>:
    Copy
    + Add<Self, Output = Self>
    + Sub<Self, Output = Self>
    + Mul<Self, Output = Self>
    + Add<F, Output = Self>
    + Mul<F, Output = Self>
    + From<SecureField>
{
}

impl<F, T> Extension<F> for T where
    T: Copy
        + Add<T, Output = T>
        + Sub<T, Output = T>
        + Mul<T, Output = T>
        + Add<F, Output = T>
        + Mul<F, Output = T>
        + From<SecureField>
{
}

/// A row of one component.
pub trait Row {
    type F: Element;

    /// The next column of the main trace. Columns are read in the order of the component's column struct.
    fn column(&mut self) -> Self::F;

    /// The next of the component's preprocessed columns.
    fn preprocessed(&mut self) -> Self::F;

    /// Number of the segment that is proven, a constant.
    fn segment(&self) -> Self::F;

    /// Demands that the expression, of degree at most 3 in the columns, is zero.
    fn require_zero(&mut self, expression: Self::F);

    /// Adds `multiplicity` copies of a tuple to a relation. Missing trailing elements are zero. Both the multiplicity
    /// and the elements must have degree at most 1.
    fn lookup(&mut self, multiplicity: Self::F, relation: Relation, tuple: &[Self::F]);

    /// Adds `multiplicity` copies of `tuple` and removes as many of the tuple that differs from it by `changes`
    /// (index, difference). The same as two lookups, at half their cost. `changes` is not empty and its first index is
    /// the smallest.
    fn replace(&mut self, multiplicity: Self::F, relation: Relation, tuple: &[Self::F], changes: &[(usize, Self::F)]);
}

/// Declares a component's main columns as a struct generic over the value type: the constraints read it as
/// `Columns<R::F>` and the witness generator fills a `Columns<u32>`.
macro_rules! columns {
    (@type $t:ident) => { $t };
    (@type $t:ident $n:literal) => { [$t; $n] };
    (@count) => { 1 };
    (@count $n:literal) => { $n };
    (@read $row:ident) => { $row.column() };
    (@read $row:ident $n:literal) => { std::array::from_fn::<_, $n, _>(|_| $row.column()) };
    (@write $out:ident $value:expr) => { $out.push($value) };
    (@write $out:ident $value:expr, $n:literal) => { $out.extend_from_slice(&$value) };
    (@names $names:ident $field:ident) => { $names.push(stringify!($field).to_string()) };
    (@names $names:ident $field:ident $n:literal) => {
        for i in 0..$n { $names.push(format!("{}[{i}]", stringify!($field))) }
    };
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident $([$n:literal])?,)* }) => {
        $(#[$meta])*
        pub struct $name<F> {
            $($(#[$field_meta])* pub $field: columns!(@type F $($n)?),)*
        }

        impl<F> $name<F> {
            /// Number of columns.
            pub const COUNT: usize = 0 $(+ columns!(@count $($n)?))*;

            /// Reads the columns of a row.
            #[inline(always)]
            pub fn read<R: $crate::row::Row<F = F>>(row: &mut R) -> Self {
                Self { $($field: columns!(@read row $($n)?),)* }
            }
        }

        impl $name<u32> {
            /// Appends the row's values to a row-major buffer.
            #[inline(always)]
            pub fn write(&self, out: &mut Vec<u32>) {
                $(columns!(@write out self.$field $(, $n)?);)*
            }

            /// Names of the columns, for messages.
            pub fn names() -> Vec<String> {
                let mut names = Vec::with_capacity(Self::COUNT);
                $(columns!(@names names $field $($n)?);)*
                names
            }
        }
    };
}
pub(crate) use columns;

/// Joins LogUp entries into the fractions that interaction columns accumulate: a replacement is a fraction of its own,
/// and single lookups are taken two by two in their order. All implementations of [`Row`] that deal with fractions use
/// this, so they agree on which column holds which.
pub struct Pairing<F, EF> {
    pending: Option<(F, EF)>,
}

impl<F: Element, EF: Extension<F>> Default for Pairing<F, EF> {
    fn default() -> Self {
        Self { pending: None }
    }
}

impl<F: Element, EF: Extension<F>> Pairing<F, EF> {
    /// Takes `multiplicity / denominator`; returns (numerator, denominator) of a sum of two when it completes one.
    #[inline(always)]
    pub fn single(&mut self, multiplicity: F, denominator: EF) -> Option<(EF, EF)> {
        match self.pending.take() {
            None => {
                self.pending = Some((multiplicity, denominator));
                None
            }
            Some((other, other_denominator)) => {
                Some((denominator * other + other_denominator * multiplicity, denominator * other_denominator))
            }
        }
    }

    /// The single entry left over, as (numerator, denominator).
    #[inline(always)]
    pub fn rest(&mut self) -> Option<(EF, EF)> {
        let (multiplicity, denominator) = self.pending.take()?;
        Some((EF::from(SecureField::default()) + multiplicity, denominator))
    }
}
