/* Executes every instruction of RV32IM on corner operands. Not for the host: its instructions are inline assembly.
 * Input: a rotation (0..13) of the operand table, so that small runs cover all pairs. Output: one word for each result. */
#include "provefleet.h"

#define N 14
static const uint32_t operands[N] = {0,          1,          2,          0xffffffff, 0x80000000, 0x7fffffff, 0x00008000,
                                     0x00007fff, 0x00010000, 0xffff0000, 0x12345678, 0x80ff7f01, 31,         33};
static uint32_t at;
static uint32_t scratch[4];

static void emit(uint32_t x) { pf_output_u32(at++, x); }

#define REG(op) do { uint32_t r; __asm__ volatile(#op " %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); emit(r); } while (0)
#define IMM(op, k) do { uint32_t r; __asm__ volatile(#op " %0, %1, " #k : "=r"(r) : "r"(a)); emit(r); } while (0)
#define BRANCH(op) do { uint32_t r = 1; __asm__ volatile(#op " %1, %2, 1f\n li %0, 0\n1:" : "+r"(r) : "r"(a), "r"(b)); emit(r); } while (0)
#define LOAD(op, offset) do { uint32_t r; __asm__ volatile(#op " %0, " #offset "(%1)" : "=r"(r) : "r"(scratch) : "memory"); emit(r); } while (0)
#define STORE(op, offset) __asm__ volatile(#op " %0, " #offset "(%1)" : : "r"(b), "r"(scratch) : "memory")
#define DUMP() do { for (int w = 0; w < 4; w++) emit(scratch[w]); } while (0)

int main(void) {
  uint32_t rotation = pf_input_length() > 0 ? pf_input()[0] : 0;
  for (uint32_t i = 0; i < N; i++) {
    uint32_t a = operands[i], b = operands[(i + rotation) % N];
    REG(add); REG(sub); REG(sll); REG(srl); REG(sra); REG(slt); REG(sltu); REG(xor); REG(or); REG(and);
    REG(mul); REG(mulh); REG(mulhsu); REG(mulhu); REG(div); REG(divu); REG(rem); REG(remu);
    IMM(addi, 0); IMM(addi, -2048); IMM(addi, 2047); IMM(slti, -1); IMM(slti, 1); IMM(sltiu, -1); IMM(sltiu, 1);
    IMM(xori, -1); IMM(xori, 0x555); IMM(ori, -256); IMM(ori, 0x7f); IMM(andi, -16); IMM(andi, 0xff);
    IMM(slli, 0); IMM(slli, 1); IMM(slli, 15); IMM(slli, 31); IMM(srli, 0); IMM(srli, 7); IMM(srli, 16); IMM(srli, 31);
    IMM(srai, 0); IMM(srai, 8); IMM(srai, 13); IMM(srai, 31);
    BRANCH(beq); BRANCH(bne); BRANCH(blt); BRANCH(bge); BRANCH(bltu); BRANCH(bgeu);
    scratch[0] = a; scratch[1] = b; scratch[2] = a; scratch[3] = ~a;
    LOAD(lw, 4); LOAD(lb, 0); LOAD(lb, 1); LOAD(lb, 2); LOAD(lb, 3); LOAD(lbu, 4); LOAD(lbu, 5); LOAD(lbu, 6); LOAD(lbu, 7);
    LOAD(lh, 0); LOAD(lh, 2); LOAD(lhu, 4); LOAD(lhu, 6);
    STORE(sb, 0); STORE(sb, 5); STORE(sb, 10); STORE(sb, 15); DUMP();
    STORE(sh, 2); STORE(sh, 12); STORE(sw, 8); DUMP();
    __asm__ volatile("fence\n fence rw, w");
    /* x0 stays zero, whoever writes it. */
    { uint32_t r; __asm__ volatile("addi x0, %1, 5\n lw x0, 0(%2)\n add x0, %1, %1\n mul x0, %1, %1\n add %0, x0, x0" : "=r"(r) : "r"(a), "r"(scratch)); emit(r); }
    /* The destination is also a source. */
    { uint32_t r = a; __asm__ volatile("add %0, %0, %0\n sub %0, %0, %1\n sltu %0, %0, %0" : "+r"(r) : "r"(b)); emit(r); }
    { uint32_t r; __asm__ volatile("lui %0, 0xfffff\n" : "=r"(r)); emit(r); }
    { uint32_t r, t; __asm__ volatile("auipc %0, 0x80000\n auipc %1, 0\n sub %0, %0, %1" : "=r"(r), "=r"(t)); emit(r); }
    { uint32_t r, t; __asm__ volatile("jal %0, 1f\n li %1, 7\n1: la %1, 2f\n jalr %0, 1(%1)\n li %1, 9\n2: sub %0, %1, %0" : "=&r"(r), "=&r"(t)); emit(r); }
  }
  pf_set_output_length(4 * at);
  return 0;
}
