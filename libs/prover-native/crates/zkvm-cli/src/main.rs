//! Development command line of the zkVM: execute, prove, verify and measure guests.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use provefleet_zkvm_air::Profile;
use provefleet_zkvm_core::{GuestInput, Limits, NoObserver, Program, execute, parse_elf};
use provefleet_zkvm_prover::{ProgramProver, ProveOptions, ProveReport};
use provefleet_zkvm_verifier::{ProgramKey, Statement, verify};

const USAGE: &str = "usage: provefleet-zkvm COMMAND --elf FILE [options]
  execute   run the guest; its output goes to standard output
  prove     --proof FILE: prove the run and write the proof
  verify    --proof FILE: verify a proof; its output goes to standard output
  bench     [--repeat N]: prove N times (default 11) and print the median
options:
  --input FILE      public input (default: empty); or --words N,N,... for little-endian u32
  --private FILE    private input (default: empty)
  --profile NAME    fast, balanced or compact (default: by length)
  --max-cycles N    most instructions to execute
  --segment-steps N prove in segments of N instructions (default: whole)";

/// Parsed arguments.
struct Arguments {
    command: String,
    elf: PathBuf,
    input: Vec<u8>,
    private: Vec<u8>,
    proof: Option<PathBuf>,
    profile: Option<Profile>,
    max_cycles: Option<u64>,
    segment_steps: Option<u32>,
    repeat: usize,
}

fn read(path: impl Into<PathBuf>) -> Result<Vec<u8>, String> {
    let path = path.into();
    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse_words(text: &str) -> Result<Vec<u8>, String> {
    let parse = |word: &str| word.parse::<u32>().map_err(|error| format!("--words: {word:?}: {error}"));
    let words: Vec<u32> = text.split(',').map(parse).collect::<Result<_, _>>()?;
    Ok(words.into_iter().flat_map(u32::to_le_bytes).collect())
}

fn parse_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let command = arguments.next().ok_or("a command is missing")?;
    let mut elf = None;
    let mut parsed = Arguments {
        command,
        elf: PathBuf::new(),
        input: Vec::new(),
        private: Vec::new(),
        proof: None,
        profile: None,
        max_cycles: None,
        segment_steps: None,
        repeat: 11,
    };
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--elf" => elf = Some(PathBuf::from(value)),
            "--input" => parsed.input = read(value)?,
            "--words" => parsed.input = parse_words(&value)?,
            "--private" => parsed.private = read(value)?,
            "--proof" => parsed.proof = Some(value.into()),
            "--profile" => {
                let profile = Profile::ALL.into_iter().find(|profile| profile.name() == value);
                parsed.profile = Some(profile.ok_or_else(|| format!("--profile: there is no {value:?}"))?);
            }
            "--max-cycles" => {
                parsed.max_cycles = Some(value.parse().map_err(|error| format!("--max-cycles: {error}"))?);
            }
            "--segment-steps" => {
                parsed.segment_steps = Some(value.parse().map_err(|error| format!("--segment-steps: {error}"))?);
            }
            "--repeat" => {
                parsed.repeat = value.parse::<usize>().map_err(|error| format!("--repeat: {error}"))?.max(1);
            }
            other => return Err(format!("there is no option {other}")),
        }
    }
    parsed.elf = elf.ok_or("--elf is missing")?;
    Ok(parsed)
}

fn load(arguments: &Arguments) -> Result<Program, String> {
    parse_elf(&read(&arguments.elf)?).map_err(|error| format!("{}: {error}", arguments.elf.display()))
}

fn write_output(output: &[u8]) -> Result<(), String> {
    use std::io::Write;
    std::io::stdout().write_all(output).map_err(|error| format!("standard output: {error}"))
}

fn describe(statement: &Statement) -> String {
    format!(
        "exit code {}, {} cycles in {} segments, {} output bytes, profile {}",
        statement.exit_code,
        statement.cycles,
        statement.segments,
        statement.output.len(),
        statement.profile.name()
    )
}

fn prove(arguments: &Arguments, prover: &ProgramProver, skip_self_check: bool) -> Result<ProveReport, String> {
    let options = ProveOptions {
        profile: arguments.profile,
        max_cycles: arguments.max_cycles,
        segment_steps: arguments.segment_steps,
        skip_self_check,
        ..ProveOptions::default()
    };
    let input = GuestInput { public: &arguments.input, private: &arguments.private };
    prover.prove(input, &options).map_err(|error| error.to_string())
}

/// Highest resident size of this process so far, in bytes; 0 where the system does not say.
fn peak_resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).map_or(0, |kib| kib * 1024)
}

fn milliseconds(values: &mut [f64]) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0])
}

fn bench(arguments: &Arguments) -> Result<(), String> {
    let prover = ProgramProver::new(load(arguments)?);
    let (mut prove_times, mut verify_times) = (Vec::new(), Vec::new());
    let mut reports = Vec::new();
    for _ in 0..arguments.repeat {
        let start = Instant::now();
        let report = prove(arguments, &prover, true)?;
        prove_times.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        verify(prover.key(), &report.proof).map_err(|error| error.to_string())?;
        verify_times.push(start.elapsed().as_secs_f64() * 1e3);
        reports.push(report);
    }
    let (prove_median, prove_min) = milliseconds(&mut prove_times);
    let (verify_median, _) = milliseconds(&mut verify_times);
    let report = reports.last().ok_or("no run")?;
    let cycles = report.statement.cycles;
    println!(
        "{cycles} cycles, {}, {} segments: prove median {prove_median:.1} ms (min {prove_min:.1}), {:.2} MHz, verify {verify_median:.2} ms, \
         proof {} bytes, peak RSS {} MB (estimated {}), {} cells ({:.1} per cycle), threads {}",
        report.statement.profile.name(),
        report.statement.segments,
        cycles as f64 / prove_median / 1e3,
        report.proof.len(),
        peak_resident_bytes() >> 20,
        report.estimated_peak_bytes >> 20,
        report.cells,
        report.cells as f64 / cycles.max(1) as f64,
        std::thread::available_parallelism().map_or(0, usize::from),
    );
    for (position, stage) in report.stages.iter().enumerate() {
        let mut times: Vec<f64> = reports.iter().map(|report| report.stages[position].micros as f64 / 1e3).collect();
        println!("  {:<20} {:>9.1} ms", stage.stage.name(), milliseconds(&mut times).0);
    }
    if report.statement.segments == 1 {
        let components = report.components.iter().map(|(kind, log_size)| format!(" {kind:?}:{log_size}"));
        println!("  components{}", components.collect::<String>());
    }
    Ok(())
}

fn run() -> Result<u8, String> {
    let arguments = parse_arguments(std::env::args().skip(1)).map_err(|error| format!("{error}\n{USAGE}"))?;
    let proof_path = || arguments.proof.clone().ok_or("--proof is missing");
    match arguments.command.as_str() {
        "execute" => {
            let input = GuestInput { public: &arguments.input, private: &arguments.private };
            let limits = Limits { max_cycles: arguments.max_cycles.unwrap_or(u64::MAX) };
            let execution =
                execute(&load(&arguments)?, input, limits, &mut NoObserver).map_err(|error| error.to_string())?;
            eprintln!("exit code {}, {} cycles", execution.exit_code, execution.cycles);
            write_output(&execution.output)?;
            Ok(execution.exit_code as u8)
        }
        "prove" => {
            let path = proof_path()?;
            let report = prove(&arguments, &ProgramProver::new(load(&arguments)?), false)?;
            std::fs::write(&path, &report.proof).map_err(|error| format!("{}: {error}", path.display()))?;
            eprintln!("{}, proof {} bytes", describe(&report.statement), report.proof.len());
            Ok(0)
        }
        "verify" => {
            let key = ProgramKey::new(&load(&arguments)?);
            let statement = verify(&key, &read(proof_path()?)?).map_err(|error| format!("refused: {error}"))?;
            eprintln!("valid: {}", describe(&statement));
            write_output(&statement.output)?;
            Ok(0)
        }
        "bench" => bench(&arguments).map(|()| 0),
        other => Err(format!("there is no command {other:?}\n{USAGE}")),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            eprintln!("provefleet-zkvm: {message}");
            ExitCode::from(1)
        }
    }
}
