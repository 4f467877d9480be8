//! The kinds of components, their constraints and their shapes.

use std::sync::LazyLock;

use num_traits::Zero;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SECURE_EXTENSION_DEGREE;

use crate::families::{
    arithmetic, bitwise, branch, compare, divide, jump, load_store, memory, multiply, shift, tables,
};
use crate::relation::Relation;
use crate::row::Row;

/// Smallest log size of a component; SIMD columns need it.
pub const MIN_LOG_SIZE: u32 = 5;

/// What a component constrains. The order is that of components in a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    Add,
    AddImmediate,
    Move,
    Compare,
    Bitwise,
    Shift,
    BranchEqual,
    BranchZero,
    BranchLess,
    Constant,
    Jump,
    JumpRegister,
    Word,
    LoadNarrow,
    StoreNarrow,
    Multiply,
    MultiplyHigh,
    Divide,
    DynamicMemory,
    Hint,
    Bridge,
    SegmentMemory,
    Rom,
    Image,
    Range16,
    Range14,
    Bytes,
    ByteShift,
}

impl Kind {
    pub const COUNT: usize = 28;

    /// Every kind, in order.
    #[rustfmt::skip]
    pub const ALL: [Kind; Self::COUNT] = {
        use Kind::*;
        [
            Add, AddImmediate, Move, Compare, Bitwise, Shift, BranchEqual, BranchZero, BranchLess, Constant, Jump,
            JumpRegister, Word, LoadNarrow, StoreNarrow, Multiply, MultiplyHigh, Divide, DynamicMemory, Hint, Bridge,
            SegmentMemory, Rom, Image, Range16, Range14, Bytes, ByteShift,
        ]
    };

    /// The kind with that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether each row is a step of the machine.
    pub fn is_step(self) -> bool {
        self <= Kind::Divide
    }

    /// Whether it is a table: present at most once, of a size that the program or this crate fixes.
    pub fn is_table(self) -> bool {
        self >= Kind::Rom
    }

    pub fn preprocessed_columns(self) -> usize {
        match self {
            Kind::Rom => 8,
            Kind::Image => 3,
            Kind::Range16 | Kind::Range14 => 1,
            Kind::Bytes => 5,
            Kind::ByteShift => 4,
            _ => 0,
        }
    }

    /// Names of the main columns, for messages.
    pub fn column_names(self) -> Vec<String> {
        let multiplicities = |count: usize| (0..count).map(|i| format!("multiplicity[{i}]")).collect();
        match self {
            Kind::Add => arithmetic::AddColumns::names(),
            Kind::AddImmediate => arithmetic::AddImmediateColumns::names(),
            Kind::Move => arithmetic::MoveColumns::names(),
            Kind::Compare => compare::CompareColumns::names(),
            Kind::Bitwise => bitwise::BitwiseColumns::names(),
            Kind::Shift => shift::ShiftColumns::names(),
            Kind::BranchEqual => branch::BranchEqualColumns::names(),
            Kind::BranchZero => branch::BranchZeroColumns::names(),
            Kind::BranchLess => branch::BranchLessColumns::names(),
            Kind::Constant => jump::ConstantColumns::names(),
            Kind::Jump => jump::JumpColumns::names(),
            Kind::JumpRegister => jump::JumpRegisterColumns::names(),
            Kind::Word => load_store::WordColumns::names(),
            Kind::LoadNarrow => load_store::LoadNarrowColumns::names(),
            Kind::StoreNarrow => load_store::StoreNarrowColumns::names(),
            Kind::Multiply => multiply::MultiplyColumns::names(),
            Kind::MultiplyHigh => multiply::MultiplyHighColumns::names(),
            Kind::Divide => divide::DivideColumns::names(),
            Kind::DynamicMemory => memory::DynamicMemoryColumns::names(),
            Kind::Hint => memory::HintColumns::names(),
            Kind::Bridge => memory::BridgeColumns::names(),
            Kind::SegmentMemory => memory::SegmentMemoryColumns::names(),
            Kind::Image => memory::ImageColumns::names(),
            Kind::Rom | Kind::ByteShift => multiplicities(1),
            Kind::Range16 => multiplicities(tables::RANGE_16_WIDTH),
            Kind::Range14 => multiplicities(tables::RANGE_14_WIDTH),
            Kind::Bytes => multiplicities(2 * tables::BYTES_WIDTH),
        }
    }

    /// Applies the component's constraints to one row. In loops over rows use [`Kind::dispatch`], outside the loop.
    pub fn constrain<R: Row>(self, row: &mut R) {
        struct One<'a, R>(&'a mut R);
        impl<R: Row> FamilyVisitor for One<'_, R> {
            type Output = ();
            fn visit<F: Family>(self) {
                F::constrain(self.0);
            }
        }
        self.dispatch(One(row));
    }

    /// Numbers of columns and constraints, counted once from the constraints themselves.
    pub fn shape(self) -> ComponentShape {
        static SHAPES: LazyLock<[ComponentShape; Kind::COUNT]> = LazyLock::new(|| {
            Kind::ALL.map(|kind| {
                let mut counter = Counter::default();
                kind.constrain(&mut counter);
                debug_assert_eq!(counter.preprocessed, kind.preprocessed_columns());
                let fractions = counter.replacements + counter.lookups.div_ceil(2);
                ComponentShape { main_columns: counter.columns, fractions, constraints: counter.zeros + fractions }
            })
        });
        SHAPES[self as usize]
    }
}

/// A family's constraints as a type, so that loops over rows are compiled for each family.
pub trait Family {
    fn constrain<R: Row>(row: &mut R);
}

/// Work that is generic over a family.
pub trait FamilyVisitor {
    type Output;
    fn visit<F: Family>(self) -> Self::Output;
}

macro_rules! families {
    ($($kind:ident: $constraints:path,)*) => {
        /// One type for each [`Kind`].
        mod family {
            $(pub struct $kind;)*
        }

        $(impl Family for family::$kind {
            #[inline(always)]
            fn constrain<R: Row>(row: &mut R) {
                $constraints(row);
            }
        })*

        impl Kind {
            /// Calls the visitor with this kind's family.
            pub fn dispatch<V: FamilyVisitor>(self, visitor: V) -> V::Output {
                match self {
                    $(Kind::$kind => visitor.visit::<family::$kind>(),)*
                }
            }
        }
    };
}

families! {
    Add: arithmetic::add,
    AddImmediate: arithmetic::add_immediate,
    Move: arithmetic::move_register,
    Compare: compare::compare,
    Bitwise: bitwise::bitwise,
    Shift: shift::shift,
    BranchEqual: branch::branch_equal,
    BranchZero: branch::branch_zero,
    BranchLess: branch::branch_less,
    Constant: jump::constant,
    Jump: jump::jump,
    JumpRegister: jump::jump_register,
    Word: load_store::word,
    LoadNarrow: load_store::load_narrow,
    StoreNarrow: load_store::store_narrow,
    Multiply: multiply::multiply,
    MultiplyHigh: multiply::multiply_high,
    Divide: divide::divide,
    DynamicMemory: memory::dynamic_memory,
    Hint: memory::hint,
    Bridge: memory::bridge,
    SegmentMemory: memory::segment_memory,
    Rom: tables::rom,
    Image: memory::image,
    Range16: tables::range_16,
    Range14: tables::range_14,
    Bytes: tables::bytes,
    ByteShift: tables::byte_shift,
}

/// Numbers of a component's columns and constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentShape {
    pub main_columns: usize,
    /// LogUp fractions accumulated per row; each has an extension field column.
    pub fractions: usize,
    pub constraints: usize,
}

impl ComponentShape {
    pub fn interaction_columns(self) -> usize {
        SECURE_EXTENSION_DEGREE * self.fractions
    }

    /// Committed base field cells per row, preprocessed columns aside.
    pub fn cells(self) -> usize {
        self.main_columns + self.interaction_columns()
    }
}

/// Row that counts what is asked of it.
#[derive(Default)]
struct Counter {
    columns: usize,
    preprocessed: usize,
    zeros: usize,
    lookups: usize,
    replacements: usize,
}

impl Row for Counter {
    type F = BaseField;
    fn column(&mut self) -> BaseField {
        self.columns += 1;
        BaseField::zero()
    }
    fn preprocessed(&mut self) -> BaseField {
        self.preprocessed += 1;
        BaseField::zero()
    }
    fn segment(&self) -> BaseField {
        BaseField::zero()
    }
    fn require_zero(&mut self, _: BaseField) {
        self.zeros += 1;
    }
    fn lookup(&mut self, _: BaseField, _: Relation, _: &[BaseField]) {
        self.lookups += 1;
    }
    fn replace(&mut self, _: BaseField, _: Relation, _: &[BaseField], _: &[(usize, BaseField)]) {
        self.replacements += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cover_all_columns() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
            assert_eq!(Kind::from_number(number as u8), Some(kind));
            assert_eq!(kind.column_names().len(), kind.shape().main_columns, "{kind:?}");
        }
        assert_eq!(Kind::from_number(Kind::COUNT as u8), None);
    }

    /// Cost is proportional to cells, so a change here is a change of speed and proof size. Update docs/zkvm.md with it.
    #[test]
    fn cells_per_row_are_as_documented() {
        let cells = |kind: Kind| kind.shape().cells();
        let expected = [
            (Kind::Add, 45),
            (Kind::AddImmediate, 39),
            (Kind::Move, 31),
            (Kind::Compare, 58),
            (Kind::Bitwise, 62),
            (Kind::Shift, 85),
            (Kind::BranchEqual, 36),
            (Kind::BranchZero, 24),
            (Kind::BranchLess, 47),
            (Kind::Constant, 22),
            (Kind::Jump, 12),
            (Kind::JumpRegister, 42),
            (Kind::Word, 49),
            (Kind::LoadNarrow, 61),
            (Kind::StoreNarrow, 60),
            (Kind::Multiply, 63),
            (Kind::MultiplyHigh, 90),
            (Kind::Divide, 100),
            (Kind::DynamicMemory, 24),
            (Kind::Hint, 19),
            (Kind::Bridge, 20),
            (Kind::SegmentMemory, 20),
        ];
        for (kind, count) in expected {
            assert_eq!(cells(kind), count, "{kind:?}");
        }
    }
}
