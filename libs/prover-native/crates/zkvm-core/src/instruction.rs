//! Decoder of RV32I, M and FENCE.

/// Operation of a decoded instruction, named as in the RISC-V manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[rustfmt::skip]
pub enum Opcode {
    Lui, Auipc, Jal, Jalr,
    Beq, Bne, Blt, Bge, Bltu, Bgeu,
    Lb, Lh, Lw, Lbu, Lhu, Sb, Sh, Sw,
    Addi, Slti, Sltiu, Xori, Ori, Andi, Slli, Srli, Srai,
    Add, Sub, Sll, Slt, Sltu, Xor, Srl, Sra, Or, And,
    Fence, Ecall, Ebreak,
    Mul, Mulh, Mulhsu, Mulhu, Div, Divu, Rem, Remu,
}

impl Opcode {
    /// Every operation, in declaration order.
    #[rustfmt::skip]
    pub const ALL: [Opcode; 48] = {
        use Opcode::*;
        [
            Lui, Auipc, Jal, Jalr, Beq, Bne, Blt, Bge, Bltu, Bgeu, Lb, Lh, Lw, Lbu, Lhu, Sb, Sh, Sw,
            Addi, Slti, Sltiu, Xori, Ori, Andi, Slli, Srli, Srai,
            Add, Sub, Sll, Slt, Sltu, Xor, Srl, Sra, Or, And, Fence, Ecall, Ebreak,
            Mul, Mulh, Mulhsu, Mulhu, Div, Divu, Rem, Remu,
        ]
    };
}

/// A decoded instruction. Fields an operation does not have are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub opcode: Opcode,
    pub rd: u8,
    pub rs1: u8,
    pub rs2: u8,
    /// Sign-extended immediate; for LUI and AUIPC already shifted; for shifts the amount 0..31.
    pub immediate: u32,
}

const fn field(word: u32, low: u32, bits: u32) -> u32 {
    (word >> low) & ((1 << bits) - 1)
}

/// Sign-extends the low `bits` bits of `value`.
const fn sign_extend(value: u32, bits: u32) -> u32 {
    (((value << (32 - bits)) as i32) >> (32 - bits)) as u32
}

const fn immediate_i(word: u32) -> u32 {
    sign_extend(field(word, 20, 12), 12)
}
const fn immediate_s(word: u32) -> u32 {
    sign_extend(field(word, 25, 7) << 5 | field(word, 7, 5), 12)
}
const fn immediate_b(word: u32) -> u32 {
    sign_extend(
        field(word, 31, 1) << 12 | field(word, 7, 1) << 11 | field(word, 25, 6) << 5 | field(word, 8, 4) << 1,
        13,
    )
}
const fn immediate_u(word: u32) -> u32 {
    word & 0xffff_f000
}
const fn immediate_j(word: u32) -> u32 {
    sign_extend(
        field(word, 31, 1) << 20 | field(word, 12, 8) << 12 | field(word, 20, 1) << 11 | field(word, 21, 10) << 1,
        21,
    )
}

/// Decodes one instruction word. `None` for every word that is not RV32I, M or FENCE: compressed, CSR, FENCE.I,
/// floating point and atomic instructions, and reserved encodings.
pub fn decode(word: u32) -> Option<Instruction> {
    use Opcode::*;
    let funct3 = field(word, 12, 3);
    let funct7 = field(word, 25, 7);
    let (rd, rs1, rs2) = (field(word, 7, 5) as u8, field(word, 15, 5) as u8, field(word, 20, 5) as u8);
    let new = |opcode, rd, rs1, rs2, immediate| Some(Instruction { opcode, rd, rs1, rs2, immediate });
    match field(word, 0, 7) {
        0x37 => new(Lui, rd, 0, 0, immediate_u(word)),
        0x17 => new(Auipc, rd, 0, 0, immediate_u(word)),
        0x6f => new(Jal, rd, 0, 0, immediate_j(word)),
        0x67 if funct3 == 0 => new(Jalr, rd, rs1, 0, immediate_i(word)),
        0x63 => {
            let opcode = match funct3 {
                0 => Beq,
                1 => Bne,
                4 => Blt,
                5 => Bge,
                6 => Bltu,
                7 => Bgeu,
                _ => return None,
            };
            new(opcode, 0, rs1, rs2, immediate_b(word))
        }
        0x03 => {
            let opcode = match funct3 {
                0 => Lb,
                1 => Lh,
                2 => Lw,
                4 => Lbu,
                5 => Lhu,
                _ => return None,
            };
            new(opcode, rd, rs1, 0, immediate_i(word))
        }
        0x23 => {
            let opcode = match funct3 {
                0 => Sb,
                1 => Sh,
                2 => Sw,
                _ => return None,
            };
            new(opcode, 0, rs1, rs2, immediate_s(word))
        }
        0x13 => {
            let opcode = match (funct3, funct7) {
                (0, _) => Addi,
                (2, _) => Slti,
                (3, _) => Sltiu,
                (4, _) => Xori,
                (6, _) => Ori,
                (7, _) => Andi,
                (1, 0) => Slli,
                (5, 0) => Srli,
                (5, 0x20) => Srai,
                _ => return None,
            };
            let immediate = if matches!(opcode, Slli | Srli | Srai) { u32::from(rs2) } else { immediate_i(word) };
            new(opcode, rd, rs1, 0, immediate)
        }
        0x33 => {
            let opcode = match (funct7, funct3) {
                (0, 0) => Add,
                (0x20, 0) => Sub,
                (0, 1) => Sll,
                (0, 2) => Slt,
                (0, 3) => Sltu,
                (0, 4) => Xor,
                (0, 5) => Srl,
                (0x20, 5) => Sra,
                (0, 6) => Or,
                (0, 7) => And,
                (1, 0) => Mul,
                (1, 1) => Mulh,
                (1, 2) => Mulhsu,
                (1, 3) => Mulhu,
                (1, 4) => Div,
                (1, 5) => Divu,
                (1, 6) => Rem,
                (1, 7) => Remu,
                _ => return None,
            };
            new(opcode, rd, rs1, rs2, 0)
        }
        // All of FENCE's other fields are hints that a single-hart machine without devices may ignore.
        0x0f if funct3 == 0 => new(Fence, 0, 0, 0, 0),
        0x73 if word == 0x0000_0073 => new(Ecall, 0, 0, 0, 0),
        0x73 if word == 0x0010_0073 => new(Ebreak, 0, 0, 0, 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words assembled by hand from the manual's instruction formats.
    #[test]
    fn immediates_of_every_format_are_sign_extended() {
        let cases = [
            (0xfff0_0093, Opcode::Addi, 1, 0, 0, -1i32),        // addi x1, x0, -1
            (0x8000_0093, Opcode::Addi, 1, 0, 0, -2048),        // addi x1, x0, -2048
            (0x7ff0_0093, Opcode::Addi, 1, 0, 0, 2047),         // addi x1, x0, 2047
            (0xfe20_afa3, Opcode::Sw, 0, 1, 2, -1),             // sw x2, -1(x1)
            (0x0020_a023, Opcode::Sw, 0, 1, 2, 0),              // sw x2, 0(x1)
            (0xfe20_8ee3, Opcode::Beq, 0, 1, 2, -4),            // beq x1, x2, -4
            (0x8020_8063, Opcode::Beq, 0, 1, 2, -4096),         // beq x1, x2, -4096
            (0x7e20_8fe3, Opcode::Beq, 0, 1, 2, 4094),          // beq x1, x2, 4094
            (0xffdf_f0ef, Opcode::Jal, 1, 0, 0, -4),            // jal x1, -4
            (0x8000_00ef, Opcode::Jal, 1, 0, 0, -(1 << 20)),    // jal x1, -2^20
            (0x7fff_f0ef, Opcode::Jal, 1, 0, 0, (1 << 20) - 2), // jal x1, 2^20 - 2
            (0x8000_00b7, Opcode::Lui, 1, 0, 0, i32::MIN),      // lui x1, 0x80000
            (0x41f0_d093, Opcode::Srai, 1, 1, 0, 31),           // srai x1, x1, 31
        ];
        for (word, opcode, rd, rs1, rs2, immediate) in cases {
            let expected = Instruction { opcode, rd, rs1, rs2, immediate: immediate as u32 };
            assert_eq!(decode(word), Some(expected), "{word:#010x}");
        }
    }

    #[test]
    fn words_outside_rv32im_are_illegal() {
        let illegal = [
            0x0000_0000, // defined illegal
            0xffff_ffff, // defined illegal
            0x0000_4501, // compressed c.li
            0x0000_100f, // fence.i
            0x3000_2073, // csrrs
            0x3020_0073, // mret
            0x1050_0073, // wfi
            0x0000_10f3, // csrrw x1
            0x0200_9093, // slli with bit 25 set (RV64's sixth shift bit)
            0x4000_9093, // slli with funct7 0x20
            0x0200_d093, // srli with bit 25 set
            0x4010_a033, // funct7 0x20 with slt
            0x0000_9067, // jalr with funct3 1
            0x0000_a063, // branch funct3 2
            0x0000_3003, // ld
            0x0000_6003, // lwu
            0x0000_3023, // sd
            0x0000_003b, // addw
            0x1000_202f, // lr.w
            0x0000_0007, // flw
        ];
        for word in illegal {
            assert_eq!(decode(word), None, "{word:#010x}");
        }
    }

    #[test]
    fn every_operation_is_reachable() {
        let mut seen = std::collections::BTreeSet::new();
        // Every opcode, funct3 and funct7 with zero registers.
        for opcode in 0..128u32 {
            for funct3 in 0..8 {
                for funct7 in 0..128 {
                    for rs2 in 0..2 {
                        if let Some(i) = decode(opcode | funct3 << 12 | rs2 << 20 | funct7 << 25) {
                            seen.insert(i.opcode);
                        }
                    }
                }
            }
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), Opcode::ALL.to_vec());
    }

    #[test]
    fn fence_ignores_its_hint_fields() {
        for word in [0x0ff0_000f, 0x8330_000f, 0x0000_008f] {
            assert_eq!(decode(word).map(|i| (i.opcode, i.rd)), Some((Opcode::Fence, 0)), "{word:#010x}");
        }
    }
}
