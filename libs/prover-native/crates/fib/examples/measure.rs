//! Measures proving and verifying `fib_input_initial` on (n, 1, 1), the Rust crate alone.
//!
//! ```text
//! cargo run --release -p provefleet-fib --example measure -- [--json] [--threads N] [--runs N] [n …]
//! ```
//!
//! Each n is measured in a process of its own, so that peak memory is that of its proofs alone. Times are wall-clock
//! milliseconds after two proofs to warm up. Defaults: n = 9, 1,000, 65,535 and 2^20; one thread a core; 21 runs, 7
//! for n above 100,000.

use std::process::{Command, ExitCode};
use std::time::Instant;

use provefleet_fib::{Claim, MAX_N, ProofOutput, ProveOptions, prove, verify};

const PROGRAM: &str = "fib_input_initial";

struct Arguments {
    json: bool,
    threads: usize,
    runs: Option<usize>,
    sizes: Vec<u32>,
    /// Measure the one size here and print its JSON object.
    here: bool,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut parsed = Arguments { json: false, threads, runs: None, sizes: vec![], here: false };
    while let Some(argument) = arguments.next() {
        let mut number = |name: &str| -> Result<usize, String> {
            let value = arguments.next().unwrap_or_default();
            value.parse().ok().filter(|number| *number > 0).ok_or(format!("{name} needs a positive number"))
        };
        match argument.as_str() {
            "--json" => parsed.json = true,
            "--here" => parsed.here = true,
            "--threads" => parsed.threads = number("--threads")?,
            "--runs" => parsed.runs = Some(number("--runs")?),
            size => match size.parse() {
                Ok(n) if n <= MAX_N => parsed.sizes.push(n),
                _ => return Err(format!("{size:?} is neither an option nor an n up to {MAX_N}")),
            },
        }
    }
    if parsed.sizes.is_empty() {
        parsed.sizes = vec![9, 1000, 65_535, 1 << 20];
    }
    Ok(parsed)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// The most memory this process has had resident, if the system tells (Linux does).
fn peak_resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Measures one size in this process; the result is a JSON object.
fn measure(n: u32, runs: usize) -> String {
    let input: Vec<u8> = [n, 1, 1].iter().flat_map(|value| value.to_le_bytes()).collect();
    let before = peak_resident_bytes();
    let proven = || -> (f64, ProofOutput) {
        let start = Instant::now();
        let output = prove(PROGRAM, &input, &ProveOptions::default()).expect("the input is valid");
        (milliseconds(start), output)
    };
    let (first, _) = proven();
    proven();
    let (mut proving, mut verifying) = (vec![], vec![]);
    let mut last = None;
    for _ in 0..runs {
        let (time, output) = proven();
        proving.push(time);
        let start = Instant::now();
        let claim =
            Claim { program_id: PROGRAM, input: &input, public_output: &output.public_output, proof: &output.proof };
        verify(&claim).expect("an honest proof verifies");
        verifying.push(milliseconds(start));
        last = Some(output);
    }
    let output = last.expect("there is at least one run");
    let stages: Vec<String> =
        output.stages.iter().map(|stage| format!("\"{}\":{}", stage.name, stage.micros)).collect();
    let number = |value: Option<u64>| value.map_or("null".to_string(), |value| value.to_string());
    format!(
        "{{\"n\":{n},\"runs\":{runs},\"prove_ms_first\":{first:.3},\"prove_ms_median\":{:.3},\"prove_ms_min\":{:.3},\
         \"verify_ms_median\":{:.3},\"proof_bytes\":{},\"peak_resident_bytes\":{},\"resident_bytes_before\":{},\
         \"estimated_memory_bytes\":{},\"last_run_stage_micros\":{{{}}}}}",
        median(&mut proving),
        proving[0],
        median(&mut verifying),
        output.proof.len(),
        number(peak_resident_bytes()),
        number(before),
        output.estimated_memory_bytes,
        stages.join(",")
    )
}

/// Measures one size in a process of its own.
fn measure_apart(n: u32, arguments: &Arguments) -> Result<String, String> {
    let runs = arguments.runs.unwrap_or(if n > 100_000 { 7 } else { 21 });
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["--here", "--threads", &arguments.threads.to_string(), "--runs", &runs.to_string(), &n.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("n {n}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map(|text| text.trim().to_string()).map_err(|error| error.to_string())
}

/// A number's text in an object printed by [`measure`].
fn field<'a>(object: &'a str, name: &str) -> &'a str {
    let start = object.find(&format!("\"{name}\":")).map_or(0, |at| at + name.len() + 3);
    object[start..].split([',', '}']).next().unwrap_or_default()
}

fn run() -> Result<(), String> {
    let arguments = parse(std::env::args().skip(1))?;
    if arguments.here {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build();
        let pool = pool.map_err(|error| error.to_string())?;
        println!("{}", pool.install(|| measure(arguments.sizes[0], arguments.runs.unwrap_or(1))));
        return Ok(());
    }
    let build = match (cfg!(target_feature = "avx512f"), cfg!(target_feature = "avx2")) {
        (true, _) => "avx512",
        (false, true) => "avx2",
        (false, false) => "baseline",
    };
    let mut objects = vec![];
    for n in &arguments.sizes {
        let object = measure_apart(*n, &arguments)?;
        if !arguments.json {
            let mib = |name: &str| field(&object, name).parse::<f64>().map_or(f64::NAN, |bytes| bytes / 1048576.0);
            println!(
                "n {n:>7}: prove {:>9} ms (min {}, first {}), verify {} ms, proof {} bytes, peak {:.1} MiB, estimate {:.1} MiB",
                field(&object, "prove_ms_median"),
                field(&object, "prove_ms_min"),
                field(&object, "prove_ms_first"),
                field(&object, "verify_ms_median"),
                field(&object, "proof_bytes"),
                mib("peak_resident_bytes"),
                mib("estimated_memory_bytes"),
            );
        }
        objects.push(object);
    }
    if arguments.json {
        println!(
            "{{\"program\":\"{PROGRAM}\",\"build\":\"{build}\",\"threads\":{},\"results\":[{}]}}",
            arguments.threads,
            objects.join(",")
        );
    } else {
        println!("{} threads, {build} build", arguments.threads);
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("measure: {message}");
            ExitCode::FAILURE
        }
    }
}
