//! Compares the executor with qemu-riscv32 and with native builds of the example guests. Called by guests/check.sh.
//!
//! Usage: `zkvm-differential BUILD_DIRECTORY [RANDOM_PROGRAMS]`; the directory holds what `make qemu host` builds.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use provefleet_zkvm_core::{GuestInput, Limits, NoObserver, Program, execute, parse_elf};
use provefleet_zkvm_testing::guest;
use provefleet_zkvm_testing::random::{Rng, Target, random_elf};

const PROGRAMS_PER_ELF: u32 = 100;

/// Output and exit code.
type Outcome = (Vec<u8>, u32);

fn run_process(mut command: Command, input: &[u8]) -> Result<Outcome, String> {
    let name = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {name}: {error} (Debian package qemu-user has qemu-riscv32)"))?;
    // The inputs are smaller than a pipe's buffer only by luck, so write from a thread.
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A guest may exit without reading everything; then the pipe breaks and that is no error.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().map_err(|error| format!("{name}: {error}"))?;
    writer.join().map_err(|_| "the writer thread panicked")?;
    let code = output.status.code().ok_or_else(|| format!("{name} was killed: {}", output.status))?;
    Ok((output.stdout, code as u32))
}

fn framed(public: &[u8], private: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| (bytes.len() as u32).to_le_bytes();
    [&length(public)[..], public, &length(private)[..], private].concat()
}

fn ours(program: &Program, public: &[u8], private: &[u8]) -> Result<Outcome, String> {
    let input = GuestInput { public, private };
    let run = execute(program, input, Limits { max_cycles: 1 << 28 }, &mut NoObserver);
    // A process's exit status keeps eight bits.
    run.map(|execution| (execution.output, execution.exit_code & 0xff)).map_err(|error| error.to_string())
}

fn qemu(path: &Path) -> Command {
    let mut command = Command::new("qemu-riscv32");
    command.arg(path);
    command
}

fn words(values: impl IntoIterator<Item = u32>) -> Vec<u8> {
    values.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Inputs (public, private) for each guest: ordinary ones, empty ones, and ones it refuses.
fn samples(name: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rng = Rng(17);
    let mut bytes = |n: u32| (0..n).map(|_| rng.next_u64() as u8).collect::<Vec<u8>>();
    let public: Vec<Vec<u8>> = match name {
        "fib_input_initial" => vec![words([9, 1, 1]), words([10_000, 7, 0x8000_0001]), words([1, 2])],
        "fast_fib" => (0..=255).map(|n| vec![n]).chain([vec![]]).collect(),
        "sort" => vec![vec![], bytes(4), bytes(400), bytes(4000), bytes(5)],
        "sieve" => vec![words([0]), words([1000]), words([1 << 20]), words([u32::MAX]), vec![1]],
        "sha256" | "keccak256" => (0..300).step_by(7).map(&mut bytes).collect(),
        "json" => [r#"{"a":[1,-2,3.5e9,"\u00e9",true,null,{}]}"#, "[]", "[1,", "", "-12", "\"a"]
            .map(|t| t.as_bytes().to_vec())
            .to_vec(),
        "matmul" => {
            [1u32, 2, 7, 32].iter().map(|&n| [words([n]), bytes(8 * n * n)].concat()).chain([words([33])]).collect()
        }
        "corners" => (0..14).map(|rotation| vec![rotation]).collect(),
        other => panic!("no samples for {other}"),
    };
    let private = if name == "sha256" { bytes(100) } else { vec![] };
    public.into_iter().map(|public| (public, private.clone())).collect()
}

fn compare_guests(build: &Path) -> Result<u32, String> {
    let mut runs = 0;
    for name in ["fib_input_initial", "fast_fib", "sort", "sieve", "sha256", "keccak256", "json", "matmul", "corners"] {
        let program = guest(name);
        for (public, private) in samples(name) {
            let expected = ours(&program, &public, &private)?;
            let input = framed(&public, &private);
            let mut others = vec![("qemu", qemu(&build.join(format!("{name}.qemu"))))];
            if name != "corners" {
                others.push(("native", Command::new(build.join(format!("{name}.host")))));
            }
            for (who, command) in others {
                if run_process(command, &input)? != expected {
                    return Err(format!("{name} differs from {who} on public input {public:02x?}"));
                }
                runs += 1;
            }
        }
    }
    Ok(runs)
}

fn compare_corners(build: &Path) -> Result<(), String> {
    let committed = include_bytes!("../../../zkvm-core/tests/data/corners-qemu.bin");
    let mut fresh = Vec::new();
    for rotation in 0..14 {
        fresh.extend(run_process(qemu(&build.join("corners.qemu")), &framed(&[rotation], &[]))?.0);
    }
    if fresh == committed {
        Ok(())
    } else {
        Err("zkvm-core/tests/data/corners-qemu.bin is not what qemu prints".into())
    }
}

fn compare_random(build: &Path, programs: u32) -> Result<(), String> {
    for seed in 0..u64::from(programs.div_ceil(PROGRAMS_PER_ELF)) {
        let path = build.join("random.qemu");
        std::fs::write(&path, random_elf(seed, PROGRAMS_PER_ELF, Target::Linux)).map_err(|error| error.to_string())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
                .map_err(|error| error.to_string())?;
        }
        let program =
            parse_elf(&random_elf(seed, PROGRAMS_PER_ELF, Target::Zkvm)).map_err(|error| error.to_string())?;
        let (expected, actual) = (run_process(qemu(&path), &[])?, ours(&program, &[], &[])?);
        if expected.0.is_empty() || expected != actual {
            return Err(format!("random programs of seed {seed} differ from qemu"));
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(build) = arguments.first() else {
        eprintln!("usage: zkvm-differential BUILD_DIRECTORY [RANDOM_PROGRAMS]");
        return ExitCode::from(2);
    };
    let build = Path::new(build);
    let programs = arguments.get(1).and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let result = compare_guests(build).and_then(|runs| {
        println!("{runs} runs of the example guests agree with qemu and with native builds");
        compare_corners(build)?;
        println!("the committed corner results are qemu's");
        compare_random(build, programs)?;
        println!("{programs} random programs leave the same registers and memory as under qemu");
        Ok(())
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("zkvm-differential: {message}");
            ExitCode::FAILURE
        }
    }
}
