//! What the verifier knows of a program.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use provefleet_zkvm_air::preprocessed::{column_values, preprocessed_columns};
use provefleet_zkvm_air::{Kind, ProgramTables};
use provefleet_zkvm_core::Program;
use stwo::core::fields::m31::BaseField;
use stwo::core::vcs::blake2_hash::Blake2sHash;

use crate::commitment::commitment_root;

/// Table components of a proof, blowup and tree height: what a preprocessed commitment depends on besides the program.
type RootKey = (Vec<(Kind, u32)>, u32, u32);

/// A program's tables and the commitments to them that were needed so far.
///
/// A commitment costs some ten milliseconds; it is computed once for each set of tables, profile and height. There are
/// a few hundred of these at most, so hostile proofs cannot grow the cache without bound.
pub struct ProgramKey {
    tables: ProgramTables,
    roots: Mutex<HashMap<RootKey, Blake2sHash>>,
}

impl ProgramKey {
    pub fn new(program: &Program) -> Self {
        Self { tables: ProgramTables::new(program), roots: Mutex::default() }
    }

    pub fn tables(&self) -> &ProgramTables {
        &self.tables
    }

    /// Takes a root that the caller has computed itself, as a prover has. Never take it from a proof.
    pub fn remember_root(&self, components: &[(Kind, u32)], log_blowup: u32, lifting_log_size: u32, root: Blake2sHash) {
        let table_components = components.iter().copied().filter(|(kind, _)| kind.is_table()).collect();
        let key: RootKey = (table_components, log_blowup, lifting_log_size);
        self.roots.lock().unwrap_or_else(PoisonError::into_inner).insert(key, root);
    }

    /// Root of the preprocessed tree of proofs with these components. Their sizes must have been validated.
    pub fn preprocessed_root(&self, components: &[(Kind, u32)], log_blowup: u32, lifting_log_size: u32) -> Blake2sHash {
        let table_components: Vec<_> = components.iter().copied().filter(|(kind, _)| kind.is_table()).collect();
        let key: RootKey = (table_components, log_blowup, lifting_log_size);
        if let Some(root) = self.roots.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *root;
        }
        let values = |column| column_values(&self.tables, column).map(BaseField::from_u32_unchecked).collect();
        let columns = preprocessed_columns(&key.0).into_iter().map(values).collect();
        let root = commitment_root(columns, log_blowup, lifting_log_size);
        self.roots.lock().unwrap_or_else(PoisonError::into_inner).insert(key, root);
        root
    }
}
