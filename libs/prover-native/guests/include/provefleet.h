/* What a guest program sees of the Provefleet zkVM. The same source also builds for qemu-riscv32 and for the host
 * (see ../Makefile); only the windows' addresses differ. The memory map is documented in ../../crates/zkvm-core/src/abi.rs.
 *
 * A guest defines `int main(void)`; its return value is the exit code that the proof binds. There is no C library. */
#ifndef PROVEFLEET_H
#define PROVEFLEET_H

#include <stddef.h>
#include <stdint.h>

#define PF_INPUT_CAPACITY ((1u << 18) - 4)
#define PF_HINT_CAPACITY ((1u << 24) - 4)
#define PF_OUTPUT_CAPACITY ((1u << 18) - 4)

#ifdef PROVEFLEET_HOST
extern uint8_t pf_host_input[], pf_host_hint[], pf_host_output[];
#define PF_INPUT_WINDOW pf_host_input
#define PF_HINT_WINDOW pf_host_hint
#define PF_OUTPUT_WINDOW pf_host_output
#else
#define PF_INPUT_WINDOW ((uint8_t *)0x10000000u)
#define PF_HINT_WINDOW ((uint8_t *)0x18000000u)
#define PF_OUTPUT_WINDOW ((uint8_t *)0x20000000u)
#endif

/* The public input: known to the verifier. Word aligned. Bytes at or after its length must not be read. */
static inline const uint8_t *pf_input(void) { return PF_INPUT_WINDOW + 4; }
static inline uint32_t pf_input_length(void) { return *(const volatile uint32_t *)PF_INPUT_WINDOW; }

/* The private input: known to the prover only. The guest must check whatever it wants to be true of it. */
static inline const uint8_t *pf_hint(void) { return PF_HINT_WINDOW + 4; }
static inline uint32_t pf_hint_length(void) { return *(const volatile uint32_t *)PF_HINT_WINDOW; }

/* The public output: write at most PF_OUTPUT_CAPACITY bytes, then set the length. Word aligned, zero at start. */
static inline uint8_t *pf_output(void) { return PF_OUTPUT_WINDOW + 4; }
static inline void pf_set_output_length(uint32_t bytes) { *(volatile uint32_t *)PF_OUTPUT_WINDOW = bytes; }

static inline uint32_t pf_load_u32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void pf_output_u32(uint32_t index, uint32_t value) { ((volatile uint32_t *)pf_output())[index] = value; }

#endif
