//! Everything that can go wrong, in types.

use thiserror::Error;

/// Why a program id and its input do not name a computation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InputError {
    /// The program id is none of [`crate::Program`]'s.
    #[error("unknown program {id:?}")]
    UnknownProgram { id: String },
    /// A field of the input is missing or out of range; the reason names the limit.
    #[error("invalid input, {field}: {reason}")]
    InvalidInput { field: &'static str, reason: String },
}

/// Why no proof was made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProveError {
    #[error("unknown program {id:?}")]
    UnknownProgram { id: String },
    #[error("invalid input, {field}: {reason}")]
    InvalidInput { field: &'static str, reason: String },
    /// The estimate exceeds the budget; nothing was started.
    #[error("the proof needs an estimated {needed} bytes of memory, the budget is {budget}")]
    OutOfMemoryBudget { needed: u64, budget: u64 },
    /// The caller's cancellation check said so between two stages.
    #[error("cancelled")]
    Cancelled,
    /// A bug: the library or this crate failed on a valid input. Holds the panic's text.
    #[error("internal prover error: {message}")]
    Internal { message: String },
}

impl ProveError {
    /// A stable name of the kind, for callers in other languages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownProgram { .. } => "UnknownProgram",
            Self::InvalidInput { .. } => "InvalidInput",
            Self::OutOfMemoryBudget { .. } => "OutOfMemoryBudget",
            Self::Cancelled => "Cancelled",
            Self::Internal { .. } => "Internal",
        }
    }
}

impl From<InputError> for ProveError {
    fn from(error: InputError) -> Self {
        match error {
            InputError::UnknownProgram { id } => Self::UnknownProgram { id },
            InputError::InvalidInput { field, reason } => Self::InvalidInput { field, reason },
        }
    }
}

/// The kinds of refusal; their names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VerifyErrorKind {
    /// The claim's program id is unknown.
    UnknownProgram,
    /// The claim's input is not one of the program's.
    InvalidInput,
    /// The bytes are not the canonical encoding of any proof of this program.
    Malformed,
    /// The proof was made with parameters below the policy.
    WeakSecurity,
    /// The proof states another program, input or output than the claim.
    WrongClaim,
    /// The proof states the claim but does not prove it.
    Rejected,
}

impl VerifyErrorKind {
    /// The kind's stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownProgram => "UnknownProgram",
            Self::InvalidInput => "InvalidInput",
            Self::Malformed => "Malformed",
            Self::WeakSecurity => "WeakSecurity",
            Self::WrongClaim => "WrongClaim",
            Self::Rejected => "Rejected",
        }
    }
}

/// Why a proof was refused: a stable kind for programs, a reason for people.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {reason}", kind.name())]
pub struct VerifyError {
    pub kind: VerifyErrorKind,
    pub reason: String,
}

impl VerifyError {
    pub(crate) fn new(kind: VerifyErrorKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }
}

impl From<InputError> for VerifyError {
    fn from(error: InputError) -> Self {
        match error {
            InputError::UnknownProgram { ref id } => {
                Self::new(VerifyErrorKind::UnknownProgram, format!("{id:?} is not a program of this prover"))
            }
            InputError::InvalidInput { field, reason } => {
                Self::new(VerifyErrorKind::InvalidInput, format!("{field}: {reason}"))
            }
        }
    }
}
