//! Expected values in this file are written out from the RISC-V manual, not computed by the code under test.

use provefleet_zkvm_core::instruction::{Instruction, Opcode, decode};
use provefleet_zkvm_core::{Execution, ExecutionError, GuestInput, Limits, NoObserver, Trap, TrapCause, abi, execute};
use provefleet_zkvm_testing::assembler::*;
use provefleet_zkvm_testing::random::Rng;

const BASE: u32 = abi::IMAGE_BASE;
const MIN: u32 = 0x8000_0000;
const MAX: u32 = 0x7fff_ffff;

fn run(words: Vec<u32>) -> Result<Execution, ExecutionError> {
    execute(&program(words), GuestInput::default(), Limits { max_cycles: 10_000 }, &mut NoObserver)
}

fn trap(words: Vec<u32>) -> Trap {
    match run(words) {
        Err(ExecutionError::Trap(trap)) => trap,
        Err(other) => panic!("expected a trap, got {other}"),
        Ok(_) => panic!("expected a trap, the guest exited"),
    }
}

/// Runs code after loading a and b into x5 and x6; the result is x10.
fn result(a: u32, b: u32, code: &[u32]) -> u32 {
    let mut words = [load_constant(5, a), load_constant(6, b)].concat();
    words.extend(code);
    words.extend(exit());
    run(words).map_err(|error| error.to_string()).expect("the program exits").exit_code
}

#[test]
fn encoder_and_decoder_are_inverse() {
    let mut rng = Rng(1);
    for _ in 0..200_000 {
        let word = rng.next_u64() as u32;
        if let Some(instruction) = decode(word) {
            // FENCE drops its hint fields, so compare what is decoded, not the words.
            assert_eq!(decode(encode(instruction)), Some(instruction), "{word:#010x}");
        }
    }
    for opcode in Opcode::ALL {
        let sample = Instruction { opcode, rd: 0, rs1: 0, rs2: 0, immediate: 0 };
        assert_eq!(decode(encode(sample)), Some(sample));
    }
}

#[test]
#[rustfmt::skip]
fn register_operations_at_their_corners() {
    use Opcode::*;
    let cases = [
        (Add, 1, 2, 3), (Add, u32::MAX, 1, 0), (Add, MAX, 1, MIN),
        (Sub, 1, 2, u32::MAX), (Sub, MIN, 1, MAX), (Sub, 0, MIN, MIN),
        (Sll, 1, 31, MIN), (Sll, 1, 32, 1), (Sll, 3, 63, MIN), (Sll, 0x1234, 0, 0x1234),
        (Srl, MIN, 31, 1), (Srl, MIN, 32, MIN), (Srl, u32::MAX, 4, 0x0fff_ffff),
        (Sra, MIN, 31, u32::MAX), (Sra, MIN, 32, MIN), (Sra, MAX, 30, 1), (Sra, 0xf000_0000, 4, 0xff00_0000),
        (Slt, MIN, MAX, 1), (Slt, MAX, MIN, 0), (Slt, u32::MAX, 0, 1), (Slt, 5, 5, 0),
        (Sltu, MIN, MAX, 0), (Sltu, MAX, MIN, 1), (Sltu, 0, u32::MAX, 1), (Sltu, 5, 5, 0),
        (Xor, 0xff00_ff00, 0x0ff0_0ff0, 0xf0f0_f0f0), (Or, 0xff00_0000, 0xff, 0xff00_00ff), (And, 0xff0f, 0x0fff, 0x0f0f),
        (Mul, 0xffff, 0xffff, 0xfffe_0001), (Mul, u32::MAX, u32::MAX, 1), (Mul, MIN, 2, 0),
        (Mulh, u32::MAX, u32::MAX, 0), (Mulh, MIN, MIN, 0x4000_0000), (Mulh, MIN, 1, u32::MAX), (Mulh, MIN, MAX, 0xc000_0000),
        (Mulhsu, u32::MAX, u32::MAX, u32::MAX), (Mulhsu, MIN, u32::MAX, MIN), (Mulhsu, MAX, u32::MAX, 0x7fff_fffe), (Mulhsu, 1, MIN, 0),
        (Mulhu, u32::MAX, u32::MAX, 0xffff_fffe), (Mulhu, MIN, MIN, 0x4000_0000), (Mulhu, MIN, 2, 1),
        (Div, 7, 2, 3), (Div, -7i32 as u32, 2, -3i32 as u32), (Div, 7, -2i32 as u32, -3i32 as u32), (Div, 1, 0, u32::MAX), (Div, MIN, u32::MAX, MIN), (Div, MIN, 0, u32::MAX), (Div, 0, 0, u32::MAX),
        (Divu, 7, 2, 3), (Divu, u32::MAX, 1, u32::MAX), (Divu, 1, 0, u32::MAX), (Divu, MIN, u32::MAX, 0), (Divu, 0, 0, u32::MAX),
        (Rem, 7, 2, 1), (Rem, -7i32 as u32, 2, -1i32 as u32), (Rem, 7, -2i32 as u32, 1), (Rem, 5, 0, 5), (Rem, MIN, u32::MAX, 0), (Rem, MIN, 0, MIN),
        (Remu, 7, 2, 1), (Remu, u32::MAX, 16, 15), (Remu, 5, 0, 5), (Remu, MIN, u32::MAX, MIN), (Remu, 0, 0, 0),
    ];
    for (opcode, a, b, expected) in cases {
        assert_eq!(result(a, b, &[reg(opcode, 10, 5, 6)]), expected, "{opcode:?} {a:#x} {b:#x}");
    }
}

#[test]
#[rustfmt::skip]
fn immediate_operations_at_their_corners() {
    use Opcode::*;
    let cases = [
        (Addi, MAX, 1, MIN), (Addi, 0, -2048, -2048i32 as u32), (Addi, 1, -1, 0),
        (Slti, MIN, 0, 1), (Slti, 0, -1, 0), (Slti, -2i32 as u32, -1, 1),
        (Sltiu, 0, -1, 1), (Sltiu, u32::MAX, -1, 0), (Sltiu, 0, 1, 1), (Sltiu, 1, 1, 0),
        (Xori, 0x5555_5555, -1, 0xaaaa_aaaa), (Ori, 0, -2048, 0xffff_f800), (Andi, u32::MAX, -16, 0xffff_fff0),
        (Slli, 1, 31, MIN), (Srli, MIN, 31, 1), (Srai, MIN, 31, u32::MAX), (Srai, 0x4000_0000, 30, 1), (Slli, 7, 0, 7),
    ];
    for (opcode, a, immediate, expected) in cases {
        assert_eq!(result(a, 0, &[imm(opcode, 10, 5, immediate)]), expected, "{opcode:?} {a:#x} {immediate}");
    }
}

#[test]
fn branches_decide_as_the_manual_says() {
    use Opcode::*;
    // Columns: (-1, 1), (1, -1), (5, 5), (MIN, MAX).
    let operands = [(u32::MAX, 1), (1, u32::MAX), (5, 5), (MIN, MAX)];
    let expected = [
        (Beq, [0, 0, 1, 0]),
        (Bne, [1, 1, 0, 1]),
        (Blt, [1, 0, 0, 1]),
        (Bge, [0, 1, 1, 0]),
        (Bltu, [0, 1, 0, 0]),
        (Bgeu, [1, 0, 1, 1]),
    ];
    for (opcode, taken) in expected {
        for ((a, b), taken) in operands.into_iter().zip(taken) {
            let code = [imm(Addi, 10, 0, 1), two_source(opcode, 5, 6, 8), imm(Addi, 10, 0, 0)];
            assert_eq!(result(a, b, &code), taken, "{opcode:?} {a:#x} {b:#x}");
        }
    }
}

#[test]
fn loads_extend_and_stores_keep_their_neighbours() {
    use Opcode::*;
    let word = 0x80ff_7f01;
    let base = load_constant(7, abi::DYNAMIC_BASE);
    let load =
        |opcode, offset| result(word, 0, &[base[0], base[1], two_source(Sw, 7, 5, 0), imm(opcode, 10, 7, offset)]);
    assert_eq!([0, 1, 2, 3].map(|i| load(Lb, i)), [1, 0x7f, 0xffff_ffff, 0xffff_ff80]);
    assert_eq!([0, 1, 2, 3].map(|i| load(Lbu, i)), [1, 0x7f, 0xff, 0x80]);
    assert_eq!([0, 2].map(|i| load(Lh, i)), [0x7f01, 0xffff_80ff]);
    assert_eq!([0, 2].map(|i| load(Lhu, i)), [0x7f01, 0x80ff]);
    assert_eq!(load(Lw, 0), word);
    let store = |opcode, offset| {
        let code = [base[0], base[1], two_source(Sw, 7, 5, 0), two_source(opcode, 7, 6, offset), imm(Lw, 10, 7, 0)];
        result(word, 0x1234_56aa, &code)
    };
    assert_eq!([0, 1, 2, 3].map(|i| store(Sb, i)), [0x80ff_7faa, 0x80ff_aa01, 0x80aa_7f01, 0xaaff_7f01]);
    assert_eq!([0, 2].map(|i| store(Sh, i)), [0x80ff_56aa, 0x56aa_7f01]);
    assert_eq!(store(Sw, 0), 0x1234_56aa);
}

#[test]
fn jumps_link_and_clear_the_low_bit() {
    use Opcode::*;
    // 0: auipc x5, 0; 4: jalr x10, 13(x5) -> 12 with link 8; 8: ebreak; 12: exit
    let mut words = vec![upper(Auipc, 5, 0), imm(Jalr, 10, 5, 13), reg(Ebreak, 0, 0, 0)];
    words.extend(exit());
    assert_eq!(run(words).ok().map(|e| e.exit_code), Some(BASE + 8));
    let mut words = vec![upper(Jal, 10, 8), reg(Ebreak, 0, 0, 0)];
    words.extend(exit());
    assert_eq!(run(words).ok().map(|e| e.exit_code), Some(BASE + 4));
    // The target is computed before the link overwrites it.
    let mut words = vec![upper(Auipc, 10, 0), imm(Jalr, 10, 10, 12), reg(Ebreak, 0, 0, 0)];
    words.extend(exit());
    assert_eq!(run(words).ok().map(|e| e.exit_code), Some(BASE + 8));
}

#[test]
fn x0_is_zero_whoever_writes_it() {
    use Opcode::*;
    let base = load_constant(7, abi::DYNAMIC_BASE);
    let code = [
        base[0],
        base[1],
        two_source(Sw, 7, 5, 0),
        imm(Addi, 0, 5, 5),
        imm(Lw, 0, 7, 0),
        upper(Lui, 0, 0x1000),
        reg(Mul, 0, 5, 5),
        upper(Jal, 0, 4),
        reg(Add, 10, 0, 0),
    ];
    assert_eq!(result(77, 0, &code), 0);
}

#[test]
fn fence_does_nothing() {
    assert_eq!(result(4, 0, &[0x0ff0_000f, imm(Opcode::Addi, 10, 5, 1)]), 5);
}

#[test]
fn every_fault_is_a_trap_with_pc_and_reason() {
    use Opcode::*;
    let at = |index: u32, cause| Trap { pc: BASE + 4 * index, cycles: u64::from(index), cause };
    assert_eq!(trap(vec![imm(Addi, 1, 0, 1), 0]), at(1, TrapCause::IllegalInstruction { word: 0 }));
    assert_eq!(trap(vec![imm(Addi, 1, 0, 1)]), at(1, TrapCause::FetchOutsideText));
    assert_eq!(trap(vec![reg(Ebreak, 0, 0, 0)]), at(0, TrapCause::Breakpoint));
    assert_eq!(
        trap(vec![imm(Addi, 17, 0, 64), reg(Ecall, 0, 0, 0)]),
        at(1, TrapCause::UnknownSystemCall { number: 64 })
    );
    assert_eq!(trap(vec![imm(Jalr, 0, 0, 2)]), at(0, TrapCause::MisalignedJump { target: 2 }));
    assert_eq!(trap(vec![upper(Jal, 0, 6)]), at(0, TrapCause::MisalignedJump { target: BASE + 6 }));
    assert_eq!(trap(vec![two_source(Beq, 0, 0, 2)]), at(0, TrapCause::MisalignedJump { target: BASE + 2 }));
    // A jump to nowhere completes; the fetch traps.
    assert_eq!(trap(vec![imm(Jalr, 0, 0, 0)]), Trap { pc: 0, cycles: 1, cause: TrapCause::FetchOutsideText });
    let with_base = |base: u32, last: u32| {
        let [a, b] = load_constant(7, base);
        trap(vec![a, b, last])
    };
    for (opcode, width, offset) in [(Lw, 4, 1), (Lw, 4, 2), (Lw, 4, 3), (Lh, 2, 1), (Lhu, 2, 3)] {
        let address = abi::DYNAMIC_BASE + offset;
        let expected = at(2, TrapCause::MisalignedLoad { address, width });
        assert_eq!(with_base(abi::DYNAMIC_BASE, imm(opcode, 1, 7, offset as i32)), expected);
    }
    for (opcode, width, offset) in [(Sw, 4, 2), (Sh, 2, 1)] {
        let address = abi::DYNAMIC_BASE + offset;
        let expected = at(2, TrapCause::MisalignedStore { address, width });
        assert_eq!(with_base(abi::DYNAMIC_BASE, two_source(opcode, 7, 1, offset as i32)), expected);
    }
}

#[test]
fn memory_ends_where_the_map_says() {
    use Opcode::*;
    let probe = |address: u32| {
        let [a, b] = load_constant(7, address);
        let mut words = vec![a, b, imm(Lbu, 10, 7, 0)];
        words.extend(exit());
        run(words)
    };
    // An empty input window is its length word.
    let inside = [
        BASE,
        BASE + 19,
        abi::INPUT_BASE,
        abi::INPUT_BASE + 3,
        abi::HINT_BASE,
        abi::OUTPUT_BASE,
        abi::OUTPUT_BASE + 4 * abi::MAX_OUTPUT_WORDS - 1,
        abi::DYNAMIC_BASE,
        abi::DYNAMIC_END - 1,
    ];
    for address in inside {
        assert!(probe(address).is_ok(), "{address:#x}");
    }
    let outside = [
        0,
        BASE - 1,
        BASE + 20,
        abi::INPUT_BASE - 1,
        abi::INPUT_BASE + 4,
        abi::HINT_BASE - 1,
        abi::HINT_BASE + 4,
        abi::OUTPUT_BASE - 1,
        abi::OUTPUT_BASE + 4 * abi::MAX_OUTPUT_WORDS,
        abi::DYNAMIC_BASE - 1,
        abi::DYNAMIC_END,
        MIN,
        u32::MAX,
    ];
    for address in outside {
        let expected = Trap { pc: BASE + 8, cycles: 2, cause: TrapCause::LoadOutsideMemory { address } };
        assert_eq!(probe(address).err(), Some(ExecutionError::Trap(expected)), "{address:#x}");
        let [a, b] = load_constant(7, address);
        let expected = TrapCause::StoreOutsideMemory { address };
        assert_eq!(trap(vec![a, b, two_source(Sb, 7, 0, 0)]).cause, expected, "{address:#x}");
    }
}

#[test]
fn instructions_come_from_the_image_as_loaded() {
    use Opcode::*;
    // Overwrites the next instruction with an illegal word; the machine is a Harvard machine and does not care.
    let mut words = vec![upper(Auipc, 5, 0), two_source(Sw, 5, 0, 8), imm(Addi, 10, 0, 7), imm(Lw, 11, 5, 8)];
    words.extend(exit());
    let execution = run(words).map_err(|e| e.to_string()).expect("exits");
    assert_eq!((execution.exit_code, execution.registers[11]), (7, 0));
}

#[test]
fn inputs_and_output_pass_through_their_windows() {
    use Opcode::*;
    // out[0..4] = input[0..4]; out[4] = hint[0]; length 5.
    let mut words =
        [load_constant(5, abi::INPUT_BASE), load_constant(6, abi::HINT_BASE), load_constant(7, abi::OUTPUT_BASE)]
            .concat();
    words.extend([imm(Lw, 8, 5, 4), two_source(Sw, 7, 8, 4), imm(Lbu, 8, 6, 4), two_source(Sb, 7, 8, 8)]);
    words.extend([imm(Addi, 8, 0, 5), two_source(Sw, 7, 8, 0), imm(Addi, 10, 0, 9)]);
    words.extend(exit());
    let input = GuestInput { public: &[1, 2, 3, 4], private: &[42] };
    let run = execute(&program(words), input, Limits { max_cycles: 100 }, &mut NoObserver);
    let execution = run.map_err(|error| error.to_string()).expect("exits");
    assert_eq!((execution.output, execution.exit_code, execution.cycles), (vec![1, 2, 3, 4, 42], 9, 14));
}

#[test]
fn an_output_longer_than_what_was_written_is_a_trap() {
    use Opcode::*;
    let mut words = load_constant(7, abi::OUTPUT_BASE).to_vec();
    words.extend([imm(Addi, 8, 0, 5), two_source(Sw, 7, 8, 0), two_source(Sw, 7, 8, 4)]);
    words.extend(exit());
    assert_eq!(trap(words).cause, TrapCause::OutputLength { length: 5, available: 4 });
}

#[test]
fn a_run_is_bounded_in_cycles_inputs_and_by_its_observer() {
    let forever = vec![upper(Opcode::Jal, 0, 0)];
    assert_eq!(run(forever.clone()).err(), Some(ExecutionError::CycleLimit { limit: 10_000 }));
    // A run of exactly the limit is allowed.
    let mut words = vec![imm(Opcode::Addi, 1, 0, 1); 9_999];
    words.extend(exit());
    assert_eq!(run(words).ok().map(|e| e.cycles), Some(10_000));
    let limits = Limits { max_cycles: 1 << 40 };
    let long = vec![0; 4 * abi::MAX_INPUT_WORDS as usize - 3];
    let result =
        execute(&program(forever.clone()), GuestInput { public: &long, private: &[] }, limits, &mut NoObserver);
    assert_eq!(result.err(), Some(ExecutionError::InputTooLong { bytes: long.len(), max: long.len() - 1 }));
    let long = vec![0; 4 * abi::MAX_HINT_WORDS as usize - 3];
    let result =
        execute(&program(forever.clone()), GuestInput { public: &[], private: &long }, limits, &mut NoObserver);
    assert_eq!(result.err(), Some(ExecutionError::PrivateInputTooLong { bytes: long.len(), max: long.len() - 1 }));

    struct StopAtThird(u32);
    impl provefleet_zkvm_core::Observer for StopAtThird {
        fn step(&mut self, _: &provefleet_zkvm_core::Step) {}
        fn may_continue(&mut self) -> bool {
            self.0 += 1;
            self.0 < 3
        }
    }
    let result = execute(&program(forever), GuestInput::default(), limits, &mut StopAtThird(0));
    assert_eq!(result.err(), Some(ExecutionError::Stopped { cycles: 2 << 16 }));
}

#[test]
fn no_program_makes_the_executor_panic() {
    let mut rng = Rng(3);
    for _ in 0..20_000 {
        // Random words, most of them with a valid major opcode and small register numbers.
        let words = (0..16)
            .map(|_| {
                let major = rng.choose(&[0x37, 0x17, 0x6f, 0x67, 0x63, 0x03, 0x23, 0x13, 0x33, 0x0f, 0x73u32]);
                let word = rng.next_u64() as u32;
                if rng.below(8) == 0 { word } else { (word & !0x7f) | major }
            })
            .collect();
        let _ = execute(&program(words), GuestInput::default(), Limits { max_cycles: 300 }, &mut NoObserver);
    }
}
