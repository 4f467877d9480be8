//! The committed example guests against independent implementations of what they compute.

use provefleet_zkvm_core::{Execution, GuestInput, Limits, NoObserver, execute};
use provefleet_zkvm_testing::guest;
use provefleet_zkvm_testing::random::Rng;
use sha2::Digest;

fn run(name: &str, public: &[u8], private: &[u8]) -> Execution {
    let input = GuestInput { public, private };
    execute(&guest(name), input, Limits { max_cycles: 1 << 26 }, &mut NoObserver)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn output(name: &str, public: &[u8]) -> Vec<u8> {
    let execution = run(name, public, &[]);
    assert_eq!(execution.exit_code, 0, "{name}");
    execution.output
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn fib_input_initial_gives_the_networks_published_results() {
    for (n, expected) in [(9u32, 144u32), (100, 3_870_634_317), (1000, 4_192_936_485), (10_000, 1_212_146_261)] {
        assert_eq!(output("fib_input_initial", &bytes(&[n, 1, 1])), bytes(&[expected]), "{n}");
    }
    assert_eq!(run("fib_input_initial", &[0; 11], &[]).exit_code, 1);
}

#[test]
fn fast_fib_is_exact_for_every_n() {
    // Exact by addition on bytes.
    let (mut f, mut g) = ([0u8; 24], [0u8; 24]);
    (f[0], g[0]) = (1, 1);
    for n in 0..=255u8 {
        assert_eq!(output("fast_fib", &[n, 99]), f, "{n}");
        let mut sum = [0u8; 24];
        let mut carry = 0;
        for i in 0..24 {
            let t = u16::from(f[i]) + u16::from(g[i]) + carry;
            sum[i] = t as u8;
            carry = t >> 8;
        }
        (f, g) = (g, sum);
    }
    assert_eq!(run("fast_fib", &[], &[]).exit_code, 1);
}

#[test]
fn sort_sorts() {
    let mut rng = Rng(11);
    for length in [0, 1, 2, 33, 300] {
        let mut words: Vec<u32> = (0..length).map(|_| rng.word()).collect();
        let sorted = output("sort", &bytes(&words));
        words.sort_unstable();
        assert_eq!(sorted, bytes(&words));
    }
    assert_eq!(run("sort", &[1, 2, 3], &[]).exit_code, 1);
}

#[test]
fn sieve_counts_primes() {
    let expected = |n: u32| {
        let primes: Vec<u32> = (2..n).filter(|&i| (2..).take_while(|d| d * d <= i).all(|d| i % d != 0)).collect();
        bytes(&[primes.len() as u32, primes.iter().fold(0u32, |sum, p| sum.wrapping_add(p.wrapping_mul(*p)))])
    };
    for n in [0, 2, 3, 100, 70_000] {
        assert_eq!(output("sieve", &bytes(&[n])), expected(n), "{n}");
    }
    assert_eq!(run("sieve", &bytes(&[(1 << 20) + 1]), &[]).exit_code, 1);
}

#[test]
fn hashes_agree_with_their_crates_at_every_padding() {
    let data: Vec<u8> = (0..300u32).map(|i| (i * 7 + 3) as u8).collect();
    for length in (0..150).chain([200, 271, 272, 273, 300]) {
        let message = &data[..length];
        assert_eq!(output("keccak256", message), sha3::Keccak256::digest(message).to_vec(), "keccak {length}");
        let (public, private) = message.split_at(length / 3);
        let digest = run("sha256", public, private).output;
        assert_eq!(digest, sha2::Sha256::digest(message).to_vec(), "sha256 {length}");
    }
}

#[test]
fn json_is_validated_and_counted() {
    let text = r#" {"a": [1, -2, 30.5e+1, true, null], "b\u00e9\n": {"deep": [[[0]]]}, "": ""} "#;
    // objects, arrays, strings, numbers, literals, depth, integer sum (1 - 2 + 0)
    assert_eq!(output("json", text.as_bytes()), bytes(&[2, 4, 5, 4, 2, 5, u32::MAX]));
    assert_eq!(output("json", b"4294967297"), bytes(&[0, 0, 0, 1, 0, 0, 1]));
    let bad = [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "01",
        "1.",
        "-",
        "1e",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "tru",
        "nulll",
        "1 2",
        "[1 2]",
        "{1:2}",
    ];
    for text in bad {
        assert_eq!(run("json", text.as_bytes(), &[]).exit_code, 1, "{text:?}");
    }
    assert_eq!(run("json", "[".repeat(66).as_bytes(), &[]).exit_code, 1);
}

#[test]
fn matmul_multiplies() {
    let mut rng = Rng(13);
    for n in [1usize, 2, 5, 16] {
        let a: Vec<i32> = (0..n * n).map(|_| rng.word() as i32).collect();
        let b: Vec<i32> = (0..n * n).map(|_| rng.word() as i32).collect();
        let mut product = vec![0i32; n * n];
        for (i, cell) in product.iter_mut().enumerate() {
            for k in 0..n {
                *cell = cell.wrapping_add(a[i / n * n + k].wrapping_mul(b[k * n + i % n]));
            }
        }
        let trace = (0..n).fold(0i32, |sum, i| sum.wrapping_add(product[i * n + i]));
        let last = product[n * n - 1];
        product.push(trace);
        product.push(if last == 0 { -1 } else { product[0].wrapping_div(last) });
        let words = |values: &[i32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let input = [(n as u32).to_le_bytes().to_vec(), words(&a), words(&b)].concat();
        assert_eq!(output("matmul", &input), words(&product), "{n}");
    }
    assert_eq!(run("matmul", &bytes(&[2, 1, 2, 3]), &[]).exit_code, 1);
}

/// `tests/data/corners-qemu.bin` is what qemu-riscv32 printed for the same source, for each of the 14 rotations of the
/// operand table (guests/check.sh makes and compares it).
#[test]
fn every_instruction_at_its_corners_gives_what_qemu_gives() {
    let expected = include_bytes!("data/corners-qemu.bin");
    let actual: Vec<u8> = (0..14).flat_map(|rotation| output("corners", &[rotation])).collect();
    assert_eq!(actual.len(), expected.len());
    if let Some(at) = (0..actual.len()).find(|&i| actual[i] != expected[i]) {
        panic!("byte {at} differs: rotation {}, word {}", at / (actual.len() / 14), at % (actual.len() / 14) / 4);
    }
}
