//! Targeted forgeries, one for each row of the soundness checklist (docs/zkvm.md). Each takes an honest run, makes the
//! change that a cheating prover would want, mends all that it can mend (multiplicities follow by themselves, see
//! `Run::faults`), and must still be caught.

use provefleet_zkvm_air::families::memory::split_28_bits;
use provefleet_zkvm_air::{Kind, Relation, word_cell};
use provefleet_zkvm_core::abi;
use provefleet_zkvm_core::instruction::Opcode::*;
use provefleet_zkvm_prover::checker::{Fault, check_row};
use provefleet_zkvm_testing::assembler::{imm, load_constant, reg, two_source, upper};
use provefleet_zkvm_testing::guest;
use stwo::prover::backend::Column;

use crate::support::{Run, column_index, field, long_pause};

fn constraint_fails(faults: &[Fault], kind: Kind) -> bool {
    faults.iter().any(|fault| matches!(fault, Fault::Constraint { kind: of, .. } if *of == kind))
}

fn is_unbalanced(faults: &[Fault], relation: Relation) -> bool {
    faults.iter().any(|fault| matches!(fault, Fault::Unbalanced { relation: of, .. } if *of == relation))
}

/// Loads the two operands into x5 and x6.
fn with_operands(a: u32, b: u32, code: &[u32]) -> Run {
    let mut words = [load_constant(5, a), load_constant(6, b)].concat();
    words.extend(code);
    Run::of(words)
}

#[test]
fn stale_and_future_reads() {
    // x5 is 1, then 2; the move reads the 1 by claiming the older time.
    let code = vec![imm(Addi, 5, 0, 1), imm(Addi, 5, 0, 2), imm(Addi, 10, 5, 0)];
    let mut stale = Run::of(code.clone());
    let first_write = 4 + 3;
    stale.set(Kind::Move, 0, "previous[0]", first_write);
    stale.set(Kind::Move, 0, "a[0]", 1);
    assert!(is_unbalanced(&stale.faults(), Relation::Memory));
    // The move reads a value that is written after it.
    let code = vec![imm(Addi, 5, 0, 1), imm(Addi, 10, 5, 0), imm(Addi, 5, 0, 2)];
    let mut future = Run::of(code);
    future.set(Kind::Move, 0, "previous[0]", 4 * 3 + 3);
    future.set(Kind::Move, 0, "a[0]", 2);
    assert!(is_unbalanced(&future.faults(), Relation::Range16), "previous >= now must be out of range");
}

#[test]
fn a_bridge_does_not_turn_time_back() {
    let largest = (1i64 << 28) + (1 << 16);
    let p = (1i64 << 31) - 1;
    // From a late time to an early one: whatever the low parts, one of the two range checks fails. `from` is a time that
    // some row yielded, so it is within its own bound.
    for (from, to) in [(100, 99), (100, 100), (largest - 1, 0), (largest - 1, 1), (1 << 27, 5), (largest, largest + 1)]
    {
        let mut run = Run::of(long_pause());
        run.set(Kind::Bridge, 0, "from", from);
        run.set(Kind::Bridge, 0, "to", to);
        let gap = (to - from - 1).rem_euclid(p);
        // The split that reaches furthest, so that the high parts are as small as they can be.
        for (column, value) in [("gap_low", gap), ("to_low", to)] {
            let (low, _) = split_28_bits(value.min((1 << 28) + (1 << 13)) as u32);
            run.set(Kind::Bridge, 0, column, i64::from(low));
        }
        let faults = run.faults();
        let is_out_of_range = is_unbalanced(&faults, Relation::Range14) || is_unbalanced(&faults, Relation::Range16);
        assert!(is_out_of_range, "from {from} to {to}: {faults:?}");
    }
}

/// With limbs of 16 + 14 bits, time 2^30 - 1 plus a gap of 2^30 is p, which is zero: a cell could go round in a circle
/// of its own and be read with any value. That is why the memory components split at 2^14.
#[test]
fn neither_time_nor_the_list_of_cells_wraps_around_the_field() {
    let p = (1u64 << 31) - 1;
    let largest = (1u64 << 16) - 1 + (((1u64 << 14) - 1) << 14);
    assert!(largest + largest + 1 < p, "the largest time, or cell, plus the largest gap plus one");
    let with_16_bits = (1u64 << 16) - 1 + (((1u64 << 14) - 1) << 16);
    assert_eq!(with_16_bits + with_16_bits + 1, p, "what the wider split would reach");
    // And the constraints do use 2^14: a value that only the wider split can express is out of range.
    let value = (1 << 30) - 1;
    let mut row = vec![field(0); Kind::Bridge.shape().main_columns];
    let mut set = |name, value| row[column_index(Kind::Bridge, name)] = field(value);
    set("enabled", 1);
    set("from", value - 1);
    set("to", value);
    set("to_low", value & 0xffff);
    let check = check_row(Kind::Bridge, &row, &[]);
    let is_high = |relation: Relation, x: u32| relation == Relation::Range14 && x >= 1 << 14;
    assert!(check.entries.iter().any(|(_, relation, tuple)| is_high(*relation, tuple[0])), "{check:?}");
}

#[test]
fn an_instruction_does_not_read_its_own_result() {
    // add x5, x5, x5 with operand = result = 0 is consistent only if reading came after writing.
    let mut run = Run::of(vec![imm(Addi, 5, 0, 3), imm(Addi, 7, 0, 1), reg(Add, 5, 5, 5)]);
    for (column, value) in [("a[0]", 0), ("b[0]", 0), ("result[0]", 0), ("previous[1]", 15), ("previous[2]", 13)] {
        run.set(Kind::Add, 0, column, value);
    }
    let faults = run.faults();
    assert!(is_unbalanced(&faults, Relation::Memory) || is_unbalanced(&faults, Relation::Range16), "{faults:?}");
}

#[test]
fn writes_to_x0_are_dropped() {
    let base = load_constant(7, abi::DYNAMIC_BASE);
    let code = vec![
        base[0],
        base[1],
        imm(Addi, 1, 0, 9),
        two_source(Sw, 7, 1, 0),
        imm(Addi, 0, 1, 5),
        imm(Lw, 0, 7, 0),
        imm(Lbu, 0, 7, 0),
        upper(Auipc, 5, 0),
        imm(Jalr, 0, 5, 8),
        reg(Mul, 0, 1, 1),
        reg(Add, 10, 0, 0),
        reg(Sltu, 11, 0, 1),
    ];
    let run = Run::of(code);
    assert_eq!(run.faults(), []);
    assert_eq!(run.claim.machine.registers[0].value, 0);
    assert_eq!(run.claim.machine.exit_code(), 0);
    assert_eq!(run.claim.machine.registers[11].value, 1);
}

#[test]
fn addresses_and_targets_have_one_field_element_each() {
    // A jump to V + p, which is the field element V: the target's high limb leaves its range.
    let mut run = Run::of(vec![upper(Auipc, 5, 0), imm(Jalr, 1, 5, 8)]);
    let target = i64::from(abi::IMAGE_BASE + 8) + (1 << 31) - 1;
    let base = target - 8;
    for (column, value) in
        [("a[0]", base & 0xffff), ("a[1]", base >> 16), ("target[0]", target & 0xffff), ("target[1]", target >> 16)]
    {
        run.set(Kind::JumpRegister, 0, column, value);
    }
    assert!(is_unbalanced(&run.faults(), Relation::Range14));
    // A load at an address of 2^30 or more.
    for address in [1i64 << 30, i64::from(abi::DYNAMIC_BASE) + (1 << 31) - 1, (1 << 32) - 4] {
        let [a, b] = load_constant(5, abi::DYNAMIC_BASE);
        let mut run = Run::of(vec![a, b, imm(Lw, 10, 5, 0)]);
        for (column, value) in [
            ("base[0]", address & 0xffff),
            ("base[1]", address >> 16),
            ("address[0]", (address & 0xffff) / 4),
            ("address[1]", address >> 16),
        ] {
            run.set(Kind::Word, 0, column, value);
        }
        assert!(is_unbalanced(&run.faults(), Relation::Range14), "{address:#x}");
    }
}

#[test]
fn misaligned_accesses_cannot_be_expressed() {
    // 4 quarter = sum - carry 2^16 - offset has one solution for each carry and offset; none is in range.
    let p = (1i64 << 31) - 1;
    let inverse_4 = 1i64 << 29;
    for misalignment in 1..4i64 {
        for carry in 0..2 {
            let quarter = (misalignment - carry * (1 << 16)).rem_euclid(p) * inverse_4 % p;
            assert!(quarter >= 1 << 14, "word at offset {misalignment}, carry {carry}");
        }
    }
    for kind in [Kind::LoadNarrow, Kind::StoreNarrow] {
        // Halves at odd addresses: the flag combination is forbidden.
        let [a, b] = load_constant(5, abi::DYNAMIC_BASE);
        let code = if kind == Kind::LoadNarrow { imm(Lh, 10, 5, 2) } else { two_source(Sh, 5, 6, 2) };
        let mut run = Run::of(vec![a, b, code]);
        run.set(kind, 0, "offset[0]", 1);
        assert!(constraint_fails(&run.faults(), kind));
    }
    // A jump to pc + 2 needs a Rom tuple at that address.
    let mut run = Run::of(vec![upper(Auipc, 5, 0), imm(Jalr, 1, 5, 8)]);
    run.add(Kind::JumpRegister, 0, "target[0]", 1);
    run.set(Kind::JumpRegister, 0, "dropped_bit", -1);
    assert!(constraint_fails(&run.faults(), Kind::JumpRegister));
}

#[test]
fn bytes_are_taken_from_where_the_address_says() {
    let [a, b] = load_constant(7, abi::DYNAMIC_BASE);
    let store = two_source(Sw, 7, 5, 0);
    for offset in 0..4i32 {
        let run =
            || with_operands(0x80ff_7f01, 0xaa, &[a, b, store, imm(Lb, 10, 7, offset), two_source(Sb, 7, 6, offset)]);
        assert_eq!(run().faults(), []);
        for kind in [Kind::LoadNarrow, Kind::StoreNarrow] {
            for bit in ["offset[0]", "offset[1]"] {
                let mut forged = run();
                let value = i64::from(forged.get(kind, 0, bit));
                forged.set(kind, 0, bit, 1 - value);
                assert!(constraint_fails(&forged.faults(), kind), "{kind:?} {offset} {bit}");
            }
        }
        let mut sign = run();
        let value = i64::from(sign.get(Kind::LoadNarrow, 0, "sign"));
        sign.set(Kind::LoadNarrow, 0, "sign", 1 - value);
        let byte = i64::from(sign.get(Kind::LoadNarrow, 0, "byte"));
        sign.set(Kind::LoadNarrow, 0, "result[0]", byte + (1 - value) * 0xff00);
        sign.set(Kind::LoadNarrow, 0, "result[1]", (1 - value) * 0xffff);
        assert!(is_unbalanced(&sign.faults(), Relation::BytePair), "{offset}");
    }
}

#[test]
fn signs_of_comparisons_are_the_operands_own() {
    let values = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x8000_ffff];
    for a in values {
        for b in values {
            for sign in ["signs[0]", "signs[1]"] {
                let mut run = with_operands(a, b, &[reg(Slt, 10, 5, 6)]);
                let value = i64::from(run.get(Kind::Compare, 0, sign));
                run.set(Kind::Compare, 0, sign, 1 - value);
                let change = if sign == "signs[0]" { 1 - 2 * value } else { 2 * value - 1 };
                run.add(Kind::Compare, 0, "result[0]", change);
                assert!(is_unbalanced(&run.faults(), Relation::Range16), "{a:#x} {b:#x} {sign}");
            }
        }
    }
    // In an unsigned comparison there are no signs to set.
    let mut run = with_operands(1, 2, &[reg(Sltu, 10, 5, 6)]);
    run.set(Kind::Compare, 0, "signs[0]", 1);
    assert!(constraint_fails(&run.faults(), Kind::Compare));
}

#[test]
fn shift_amounts_have_one_decomposition() {
    for amount in [0, 1, 7, 8, 15, 16, 24, 31, 32, 33, 63, 0xffff_ffe0] {
        for opcode in [Sll, Srl, Sra] {
            assert_eq!(
                with_operands(0x8123_4567, amount, &[reg(opcode, 10, 5, 6)]).faults(),
                [],
                "{opcode:?} {amount}"
            );
        }
    }
    // 32 as 24 + 8, which would shift everything out.
    let mut run = with_operands(0x8123_4567, 32, &[reg(Sll, 10, 5, 6)]);
    let bytes: Vec<i64> = (0..4).map(|i| i64::from(run.get(Kind::Shift, 0, &format!("a[{i}]")))).collect();
    for (column, value) in
        [("bits", 8), ("byte_shift", 8), ("whole[2]", 1), ("rest", 0), ("result[0]", 0), ("result[1]", 0)]
    {
        run.set(Kind::Shift, 0, column, value);
    }
    for i in 0..4 {
        run.set(Kind::Shift, 0, &format!("low[{i}]"), 0);
        run.set(Kind::Shift, 0, &format!("high[{i}]"), bytes[i]);
        run.set(Kind::Shift, 0, &format!("shifted[{i}]"), if i == 0 { 0 } else { bytes[i - 1] });
    }
    let faults = run.faults();
    assert!(is_unbalanced(&faults, Relation::ByteShift), "{faults:?}");
}

#[test]
fn products_have_one_carry() {
    // result - 1 and carry + 2^15 add exactly p. With 16-bit carries this was a forgery.
    let mut run = with_operands(0x1234_5678, 0x9abc_def0, &[reg(Mul, 10, 5, 6)]);
    run.add(Kind::Multiply, 0, "result[0]", -1);
    run.add(Kind::Multiply, 0, "carries[0]", 1 << 15);
    run.add(Kind::Multiply, 0, "result[1]", 1 << 15);
    let faults = run.faults();
    assert!(!constraint_fails(&faults, Kind::Multiply), "the equations alone would accept it");
    assert!(is_unbalanced(&faults, Relation::Range14));
}

#[test]
fn quotients_and_remainders_are_unique() {
    let corners = [(7, 2), (7, 0), (0, 0), (0x8000_0000, 0xffff_ffff), (0x8000_0000, 2), (0xffff_fff9, 2), (5, 7)];
    for (a, b) in corners {
        for opcode in [Div, Divu, Rem, Remu] {
            assert_eq!(with_operands(a, b, &[reg(opcode, 10, 5, 6)]).faults(), [], "{opcode:?} {a:#x} {b:#x}");
        }
    }
    // quotient - 1, remainder + divisor satisfies the identity but not remainder < divisor.
    let mut run = with_operands(7, 2, &[reg(Divu, 10, 5, 6)]);
    run.add(Kind::Divide, 0, "quotient[0]", -1);
    run.add(Kind::Divide, 0, "remainder[0]", 2);
    run.add(Kind::Divide, 0, "result[0]", -1);
    run.add(Kind::Divide, 0, "gap_low", -2);
    let faults = run.faults();
    assert!(is_unbalanced(&faults, Relation::Range16) || constraint_fails(&faults, Kind::Divide), "{faults:?}");
    // Division by zero gives -1 and nothing else, though the identity holds for every quotient.
    let mut run = with_operands(7, 0, &[reg(Divu, 10, 5, 6)]);
    run.set(Kind::Divide, 0, "quotient[0]", 1);
    for (column, value) in
        [("quotient[1]", 0), ("quotient[2]", 0), ("quotient[3]", 0), ("result[0]", 1), ("result[1]", 0)]
    {
        run.set(Kind::Divide, 0, column, value);
    }
    assert!(constraint_fails(&run.faults(), Kind::Divide));
    // A divisor that is not zero does not pass for zero.
    let mut run = with_operands(7, 3, &[reg(Divu, 10, 5, 6)]);
    run.set(Kind::Divide, 0, "divisor_is_zero", 1);
    assert!(constraint_fails(&run.faults(), Kind::Divide));
}

/// Touches three words of dynamic memory.
fn three_words() -> Run {
    let [a, b] = load_constant(5, abi::DYNAMIC_BASE);
    let stores = [0, 8, 16].map(|offset| two_source(Sw, 5, 5, offset));
    Run::of([vec![a, b], stores.to_vec()].concat())
}

#[test]
fn memory_is_initialised_once_and_only_in_its_window() {
    let kind = Kind::DynamicMemory;
    // The same word twice: a copy of its row.
    let mut run = three_words();
    run.copy_row(kind, 1, 3);
    assert!(is_unbalanced(&run.faults(), Relation::DynamicChain));
    // The same word twice in a row: the gap would be -1.
    let mut run = three_words();
    let cell = i64::from(run.get(kind, 1, "cell"));
    run.copy_row(kind, 1, 3);
    run.set(kind, 3, "previous_cell", cell);
    run.set(kind, 3, "gap_low", -1);
    let faults = run.faults();
    assert!(is_unbalanced(&faults, Relation::Range16), "{faults:?}");
    // Out of order.
    let mut run = three_words();
    let cells: Vec<i64> = (0..3).map(|row| i64::from(run.get(kind, row, "cell"))).collect();
    run.set(kind, 0, "cell", cells[1]);
    run.set(kind, 1, "previous_cell", cells[1]);
    run.set(kind, 1, "cell", cells[0]);
    run.set(kind, 2, "previous_cell", cells[0]);
    let faults = run.faults();
    assert!(is_unbalanced(&faults, Relation::Range14) || is_unbalanced(&faults, Relation::Range16), "{faults:?}");
    // A word of the output window, below the list's public start.
    let mut run = three_words();
    run.set(kind, 0, "cell", i64::from(word_cell(abi::OUTPUT_BASE)));
    assert!(!run.faults().is_empty());
    // A word missing.
    let mut run = three_words();
    run.set(kind, 2, "enabled", 0);
    let faults = run.faults();
    assert!(is_unbalanced(&faults, Relation::Memory) && is_unbalanced(&faults, Relation::DynamicChain));
    // A word that begins with another value than zero: there is no column to say so, and no other row may.
    let mut run = three_words();
    run.add(Kind::Word, 0, "memory_old[0]", 1);
    assert!(is_unbalanced(&run.faults(), Relation::Memory));
}

#[test]
fn the_image_begins_as_loaded() {
    let mut run = Run::new(guest("sha256"), b"abc", &[]);
    run.add(Kind::Image, 0, "final_value[0]", 1);
    assert!(is_unbalanced(&run.faults(), Relation::Memory));
}

#[test]
fn the_private_input_has_each_word_once() {
    let mut run = Run::new(guest("sha256"), &[], b"private input");
    run.copy_row(Kind::Hint, 1, 10);
    assert!(is_unbalanced(&run.faults(), Relation::HintChain));
    let mut run = Run::new(guest("sha256"), &[], b"private input");
    run.claim.memory.hint_words += 1;
    assert!(is_unbalanced(&run.faults(), Relation::HintChain));
}

#[test]
fn padding_rows_emit_nothing() {
    for run in [Run::new(guest("corners"), &[1], &[]), Run::new(guest("sha256"), &[], b"x"), Run::of(long_pause())] {
        for part in run.trace.components.iter().filter(|part| !part.kind.is_table()) {
            let last = (1usize << part.log_size) - 1;
            let padding: Vec<_> = part.columns.iter().map(|column| column.at(last)).collect();
            if padding[0] != field(0) {
                continue;
            }
            assert_eq!(check_row(part.kind, &padding, &[]), Default::default(), "{:?}", part.kind);
            // No single flag (or any other cell) of a padding row makes it emit without failing a constraint.
            for column in 1..padding.len() {
                let mut row = padding.clone();
                row[column] = field(1);
                let check = check_row(part.kind, &row, &[]);
                assert!(!check.failed.is_empty() || check.entries.is_empty(), "{:?} column {column}", part.kind);
            }
        }
    }
}

#[test]
fn tables_yield_only_their_own_tuples() {
    // A multiplicity for a tuple that nobody uses, and one of minus one.
    for value in [1, -1] {
        let mut run = Run::of(vec![imm(Addi, 5, 1, 1)]);
        run.add(Kind::Range16, 4000, "multiplicity[3]", value);
        let tables = run.prover.key().tables();
        let faults = provefleet_zkvm_prover::checker::check_trace(tables, &run.claim, &run.trace);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(run.prove_as_is().is_err());
    }
    // No multiplicity of any table makes it yield another tuple: what a row yields does not depend on its columns.
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_table() && *kind != Kind::Image) {
        let fixed = vec![field(3); kind.preprocessed_columns()];
        let tuples = |multiplicity| {
            let row = vec![field(multiplicity); kind.shape().main_columns];
            let entries = check_row(kind, &row, &fixed).entries;
            entries.into_iter().map(|(_, relation, tuple)| (relation, tuple)).collect::<Vec<_>>()
        };
        assert_eq!(tuples(1), tuples(-7), "{kind:?}");
    }
}

#[test]
fn the_run_ends_at_the_exit_call_and_nowhere_else() {
    let code = vec![imm(Addi, 10, 0, 1), imm(Addi, 10, 10, 1), imm(Addi, 10, 10, 1)];
    // One step early.
    let mut run = Run::of(code.clone());
    run.claim.machine.steps -= 1;
    run.claim.machine.final_pc -= 4;
    let faults = run.faults();
    assert!(is_unbalanced(&faults, Relation::State) && is_unbalanced(&faults, Relation::Rom), "{faults:?}");
    // The last step left out, and the machine said to stop before it: there is no exit instruction there.
    let mut run = Run::of(code.clone());
    run.set(Kind::AddImmediate, 1, "enabled", 0);
    run.claim.machine.steps -= 1;
    run.claim.machine.final_pc -= 4;
    assert!(is_unbalanced(&run.faults(), Relation::Rom));
    // Another number of steps.
    let mut run = Run::of(code);
    run.claim.machine.steps += 1;
    assert!(is_unbalanced(&run.faults(), Relation::State));
}

#[test]
fn forged_traces_do_not_become_proofs() {
    // The same kinds of forgery all the way through: either the library finds a constraint unsatisfied or the verifier
    // refuses the proof.
    type Tamper = (&'static str, fn(&mut Run));
    let tamper: [Tamper; 6] = [
        ("constraint", |run| run.add(Kind::Add, 0, "result[0]", 1)),
        ("range", |run| {
            run.add(Kind::Add, 0, "result[0]", 1 << 16);
        }),
        ("memory", |run| run.add(Kind::Add, 0, "old[0]", 1)),
        ("time", |run| run.add(Kind::Add, 0, "previous[0]", 1)),
        ("state", |run| run.add(Kind::Add, 0, "clock", 1)),
        ("program", |run| run.add(Kind::Add, 0, "rs1", 1)),
    ];
    for (name, change) in tamper {
        let mut run = with_operands(5, 6, &[reg(Add, 10, 5, 6)]);
        change(&mut run);
        assert!(run.prove_as_is().is_err(), "{name}");
    }
    let honest = with_operands(5, 6, &[reg(Add, 10, 5, 6)]);
    assert_eq!(honest.prove_as_is().map(|statement| statement.exit_code), Ok(11));
}
