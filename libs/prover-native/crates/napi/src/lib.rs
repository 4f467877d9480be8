//! The Node.js face of the provers. It owns threads and cancellation and decides nothing about proofs: what can go
//! wrong with a job is data in its event, and only a misuse of this interface throws. Its TypeScript twin is
//! `src/binding.ts`.

mod cpu;
mod driver;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi::bindgen_prelude::{Result, Status, Uint8Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use provefleet_fib::{Claim, Program, ProofOutput, ProveError, ProveOptions, Verified, VerifyError};
use provefleet_proof_system::SecurityProfile;
use rayon::ThreadPool;

use crate::driver::{Driver, Stopped};

/// Raised with every change of this interface; `src/binding.ts` refuses another one.
const INTERFACE: u32 = 1;

/// What this build is.
#[napi(object, object_from_js = false)]
pub struct AddonInfo {
    pub interface: u32,
    pub version: String,
    /// The kind of CPU it was built for: `x86-64`, `x86-64-v3`, `arm64` or `native`.
    pub build: String,
    /// The builds that this machine's CPU can run, plainest first.
    pub supported_builds: Vec<String>,
    /// CPU features seen that matter for proving.
    pub cpu_features: Vec<String>,
    pub programs: Vec<String>,
    /// Security of the proofs in bits, by the library's formula.
    pub security_bits: u32,
}

#[napi]
pub fn addon_info() -> AddonInfo {
    AddonInfo {
        interface: INTERFACE,
        version: env!("CARGO_PKG_VERSION").to_string(),
        build: option_env!("PROVEFLEET_ADDON_BUILD").unwrap_or("native").to_string(),
        supported_builds: cpu::supported_builds().into_iter().map(str::to_string).collect(),
        cpu_features: cpu::features().into_iter().map(str::to_string).collect(),
        programs: Program::ALL.iter().map(|program| program.id().to_string()).collect(),
        security_bits: SecurityProfile::FAST.security_bits(),
    }
}

/// Why a job came to nothing.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// `UnknownProgram`, `InvalidInput`, `OutOfMemoryBudget`, `Cancelled` or `Internal`.
    pub code: String,
    pub message: String,
    /// The input's field at fault.
    pub field: Option<String>,
}

/// The estimate of a job's peak memory, or why there is none.
#[napi(object, object_from_js = false)]
pub struct MemoryEstimate {
    pub bytes: Option<f64>,
    pub failure: Option<Failure>,
}

/// Costs no more than reading the input.
#[napi]
pub fn estimate_memory(program: String, input: &[u8]) -> MemoryEstimate {
    match provefleet_fib::estimate_memory_bytes(&program, input) {
        Ok(bytes) => MemoryEstimate { bytes: Some(bytes as f64), failure: None },
        Err(error) => MemoryEstimate { bytes: None, failure: Some(ProveError::from(error).into()) },
    }
}

#[napi(object, object_from_js = false)]
pub struct StageTime {
    pub stage: String,
    pub milliseconds: f64,
}

#[napi(object, object_from_js = false)]
pub struct Proof {
    pub proof: Uint8Array,
    pub public_output: Uint8Array,
    pub exit_code: u32,
    pub cycles: f64,
    pub stages: Vec<StageTime>,
}

/// One thing that happened to a job. Exactly one of the fields is set; `proof` and `failure` are last events.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct ProveEvent {
    pub stage: Option<String>,
    pub proof: Option<Proof>,
    pub failure: Option<Failure>,
}

/// The verifier's answer: `security_bits`, or `kind` and `reason` of the refusal.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct VerifyEvent {
    pub security_bits: Option<u32>,
    pub kind: Option<String>,
    pub reason: Option<String>,
}

type Listener<Event> = ThreadsafeFunction<Event, (), Event, Status, false>;

/// A proof in the making.
#[napi]
pub struct Job {
    cancelled: Arc<AtomicBool>,
}

#[napi]
impl Job {
    /// Ends the job at its next stage boundary; it then reports `Cancelled`.
    #[napi]
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// A thread pool of its own and the two threads that hand it work: proofs one at a time, each with the whole pool, and
/// beside them verifications.
struct Threads {
    pool: Arc<ThreadPool>,
    proving: Driver,
    verifying: Driver,
}

/// Proves and verifies until it is closed.
#[napi]
pub struct Prover {
    threads: Option<Threads>,
}

#[napi]
impl Prover {
    #[napi(constructor)]
    pub fn new(threads: u32) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.max(1) as usize)
            .thread_name(|index| format!("prover-{index}"))
            .build()
            .map_err(|error| no_threads(&error))?;
        let threads = Threads {
            pool: Arc::new(pool),
            proving: Driver::start("prove").map_err(|error| no_threads(&error))?,
            verifying: Driver::start("verify").map_err(|error| no_threads(&error))?,
        };
        Ok(Self { threads: Some(threads) })
    }

    /// Ends the threads once the jobs already queued are done. The prover takes no more.
    #[napi]
    pub fn close(&mut self) {
        self.threads = None;
    }

    /// Queues a proof. The input is copied; `listener` hears of each stage and then of the end.
    #[napi]
    pub fn prove(
        &self,
        program: String,
        input: &[u8],
        memory_budget_bytes: Option<f64>,
        listener: Listener<ProveEvent>,
    ) -> Result<Job> {
        let threads = self.threads.as_ref().ok_or_else(closed)?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let listener = Arc::new(listener);
        let work = {
            let (input, pool) = (input.to_vec(), threads.pool.clone());
            let (cancelled, listener) = (cancelled.clone(), listener.clone());
            move || {
                let options = ProveOptions {
                    memory_budget_bytes: memory_budget_bytes.map(|bytes| bytes as u64),
                    on_stage: Some(&|stage: provefleet_fib::Stage| {
                        tell(&listener, ProveEvent { stage: Some(stage.name().to_string()), ..Default::default() });
                    }),
                    is_cancelled: Some(&|| cancelled.load(Ordering::Relaxed)),
                };
                pool.install(|| {
                    #[cfg(feature = "fault-injection")]
                    assert_ne!(program, "provoke-panic", "provoked");
                    provefleet_fib::prove(&program, &input, &options)
                })
            }
        };
        threads.proving.submit(work, move |result| tell(&listener, prove_event(result))).map_err(stopped)?;
        Ok(Job { cancelled })
    }

    /// Queues the check of a claim. All bytes are copied.
    #[napi]
    pub fn verify(
        &self,
        program: String,
        input: &[u8],
        public_output: &[u8],
        proof: &[u8],
        listener: Listener<VerifyEvent>,
    ) -> Result<()> {
        let threads = self.threads.as_ref().ok_or_else(closed)?;
        let (input, public_output, proof) = (input.to_vec(), public_output.to_vec(), proof.to_vec());
        let work = move || {
            provefleet_fib::verify(&Claim {
                program_id: &program,
                input: &input,
                public_output: &public_output,
                proof: &proof,
            })
        };
        threads.verifying.submit(work, move |result| tell(&listener, verify_event(result))).map_err(stopped)
    }
}

/// Queues the event for the JavaScript thread. It is refused only when that thread's environment is being torn down,
/// and then nobody is left to hear of it.
fn tell<Event: 'static + napi::bindgen_prelude::JsValuesTupleIntoVec>(listener: &Listener<Event>, event: Event) {
    let _closing = listener.call(event, ThreadsafeFunctionCallMode::NonBlocking);
}

fn prove_event(result: std::result::Result<std::result::Result<ProofOutput, ProveError>, String>) -> ProveEvent {
    let failed = |failure| ProveEvent { failure: Some(failure), ..Default::default() };
    match result {
        Ok(Ok(output)) => ProveEvent { proof: Some(output.into()), ..Default::default() },
        Ok(Err(error)) => failed(error.into()),
        Err(panic) => failed(ProveError::Internal { message: panic }.into()),
    }
}

/// A panic of the verifier counts as a refusal: nothing that made it panic has been proved.
fn verify_event(result: std::result::Result<std::result::Result<Verified, VerifyError>, String>) -> VerifyEvent {
    match result {
        Ok(Ok(verified)) => VerifyEvent { security_bits: Some(verified.security_bits), ..Default::default() },
        Ok(Err(error)) => {
            VerifyEvent { kind: Some(error.kind.name().to_string()), reason: Some(error.reason), ..Default::default() }
        }
        Err(panic) => VerifyEvent {
            kind: Some("Rejected".to_string()),
            reason: Some(format!("the verifier panicked: {panic}")),
            ..Default::default()
        },
    }
}

impl From<ProofOutput> for Proof {
    fn from(output: ProofOutput) -> Self {
        Self {
            proof: output.proof.into(),
            public_output: output.public_output.into(),
            exit_code: output.exit_code,
            cycles: output.cycles as f64,
            stages: output
                .stages
                .iter()
                .map(|time| StageTime { stage: time.name.to_string(), milliseconds: time.micros as f64 / 1000.0 })
                .collect(),
        }
    }
}

impl From<ProveError> for Failure {
    fn from(error: ProveError) -> Self {
        let field = match &error {
            ProveError::InvalidInput { field, .. } => Some((*field).to_string()),
            _ => None,
        };
        Self { code: error.code().to_string(), message: error.to_string(), field }
    }
}

fn no_threads(error: &dyn std::error::Error) -> napi::Error {
    napi::Error::from_reason(format!("the prover's threads could not be started: {error}"))
}

fn closed() -> napi::Error {
    napi::Error::from_reason("the prover is closed")
}

fn stopped(_: Stopped) -> napi::Error {
    napi::Error::from_reason("the prover's thread has ended")
}
