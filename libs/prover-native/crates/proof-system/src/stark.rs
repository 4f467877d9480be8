//! The canonical encoding of the library's STARK proof.
//!
//! The library's own serialisation is not used: it accepts field elements at or above p, other configurations, other
//! numbers of columns and samples, and it writes variable-length integers. Here, everything that the verifier knows
//! beforehand is taken from a [`StarkShape`] and not from the bytes; what remains has one encoding each:
//!
//! roots of all trees but the preprocessed one · sampled values · proof-of-work nonce · number of distinct queries ·
//! queried values · Merkle witnesses of the trees that have columns · FRI layers (root, witness values, Merkle
//! witness) · FRI's last polynomial.
//!
//! Numbers are little-endian; a base field element has 4 bytes, an extension element 16, a hash 32; lists whose length
//! depends on the drawn queries are preceded by it in 4 bytes and bounded by the number of queries.

use stwo::core::air::{Component, Components};
use stwo::core::circle::SECURE_FIELD_CIRCLE_GEN;
use stwo::core::fields::qm31::SECURE_EXTENSION_DEGREE;
use stwo::core::fri::{FriLayerProof, FriProof};
use stwo::core::pcs::quotients::CommitmentSchemeProof;
use stwo::core::pcs::{PcsConfig, TreeVec};
use stwo::core::poly::line::LinePoly;
use stwo::core::proof::StarkProof;
use stwo::core::vcs::blake2_hash::Blake2sHash;
use stwo::core::vcs_lifted::blake2_merkle::Blake2sMerkleHasher;
use stwo::core::vcs_lifted::verifier::MerkleDecommitmentLifted;
use stwo::core::verifier::COMPOSITION_LOG_SPLIT;

use crate::bytes::{DecodeError, Reader, Writer};

/// Hash function of all trees.
pub type Hasher = Blake2sMerkleHasher;

const HASH_BYTES: usize = 32;
const SECURE_FIELD_BYTES: usize = 16;

/// All that the verifier knows about a proof before it reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarkShape {
    config: PcsConfig,
    preprocessed_root: Blake2sHash,
    /// For each tree, for each column, at how many points it is sampled. The composition polynomial's tree is last.
    samples: Vec<Vec<usize>>,
    /// Logarithm of the size of the evaluation domain.
    log_domain: u32,
}

impl StarkShape {
    /// The shape of proofs of these components. `preprocessed_root` is the root the verifier itself computed or knows
    /// of the tree of `n_preprocessed_columns` columns ([`empty_tree_root`] if there are none); the encoding leaves it
    /// out, so a proof cannot bring another one.
    pub fn new(
        config: PcsConfig,
        components: &[&dyn Component],
        n_preprocessed_columns: usize,
        preprocessed_root: Blake2sHash,
    ) -> Self {
        let components = Components { components: components.to_vec(), n_preprocessed_columns };
        let log_blowup = config.fri_config.log_blowup_factor;
        let log_composition = components.composition_log_degree_bound() - COMPOSITION_LOG_SPLIT + log_blowup;
        let log_domain = config.lifting_log_size.unwrap_or(log_composition);
        // Only the number of points matters, so any point will do.
        let points = components.mask_points(SECURE_FIELD_CIRCLE_GEN, log_domain - log_blowup, false);
        let mut samples: Vec<Vec<usize>> = points.iter().map(|tree| tree.iter().map(Vec::len).collect()).collect();
        samples.push(vec![1; 2 * SECURE_EXTENSION_DEGREE]);
        Self { config, preprocessed_root, samples, log_domain }
    }

    /// The configuration that proofs of this shape are made with.
    pub fn config(&self) -> &PcsConfig {
        &self.config
    }

    /// Number of FRI layers after the first that are committed.
    fn inner_layers(&self) -> usize {
        let fri = &self.config.fri_config;
        let halvings = self.log_domain - fri.log_blowup_factor - fri.log_last_layer_degree_bound;
        halvings.saturating_sub(fri.fold_step).div_ceil(fri.fold_step) as usize
    }

    fn last_layer_coefficients(&self) -> usize {
        1 << self.config.fri_config.log_last_layer_degree_bound
    }

    /// Each query opens a path of at most this many hashes in a tree.
    fn max_hashes(&self) -> usize {
        self.config.fri_config.n_queries * self.log_domain as usize
    }

    /// Each query opens at most this many further values of a FRI layer.
    fn max_fri_values(&self) -> usize {
        self.config.fri_config.n_queries * ((1 << self.config.fri_config.fold_step) - 1)
    }
}

/// The root of a tree without columns: the hash of nothing.
pub fn empty_tree_root() -> Blake2sHash {
    use stwo::core::vcs_lifted::merkle_hasher::MerkleHasherLifted;
    MerkleHasherLifted::finalize(Hasher::default())
}

/// Appends a proof's bytes.
///
/// # Panics
/// If the proof is not of the shape: a proof just made by the prover always is.
pub fn write_stark(writer: &mut Writer, shape: &StarkShape, proof: &StarkProof<Hasher>) {
    let CommitmentSchemeProof {
        config,
        commitments,
        sampled_values,
        decommitments,
        queried_values,
        proof_of_work,
        fri_proof,
    } = &proof.0;
    assert_eq!(*config, shape.config, "configuration");
    assert_eq!(commitments.len(), shape.samples.len(), "number of trees");
    assert_eq!(commitments[0], shape.preprocessed_root, "preprocessed root");
    for root in &commitments[1..] {
        writer.hash(*root);
    }
    let counts: Vec<Vec<usize>> = sampled_values.iter().map(|tree| tree.iter().map(Vec::len).collect()).collect();
    assert_eq!(counts, shape.samples, "sampled values");
    for value in sampled_values.iter().flatten().flatten() {
        writer.secure_field(*value);
    }
    writer.u64(*proof_of_work);
    let queries = queried_values.iter().flatten().next().map_or(0, Vec::len);
    writer.u32(u32::try_from(queries).expect("the number of queries is small"));
    assert_eq!(queried_values.len(), shape.samples.len(), "queried trees");
    for (tree, samples) in queried_values.iter().zip(&shape.samples) {
        assert_eq!(tree.len(), samples.len(), "queried columns");
        for column in tree {
            assert_eq!(column.len(), queries, "queried values of a column");
            column.iter().for_each(|value| writer.base_field(*value));
        }
    }
    for (decommitment, samples) in decommitments.iter().zip(&shape.samples) {
        if samples.is_empty() {
            assert!(decommitment.hash_witness.is_empty(), "witness of an empty tree");
        } else {
            writer.list(&decommitment.hash_witness, Writer::hash);
        }
    }
    write_fri(writer, shape, fri_proof);
}

fn write_fri(writer: &mut Writer, shape: &StarkShape, proof: &FriProof<Hasher>) {
    assert_eq!(proof.inner_layers.len(), shape.inner_layers(), "FRI layers");
    for layer in std::iter::once(&proof.first_layer).chain(&proof.inner_layers) {
        writer.hash(layer.commitment);
        writer.list(&layer.fri_witness, Writer::secure_field);
        writer.list(&layer.decommitment.hash_witness, Writer::hash);
    }
    assert_eq!(proof.last_layer_poly.len(), shape.last_layer_coefficients(), "last FRI layer");
    proof.last_layer_poly.iter().for_each(|coefficient| writer.secure_field(*coefficient));
}

/// Reads a proof of the shape. What it returns has the shape in every number of trees, columns, samples and layers;
/// only the lengths that depend on the drawn queries are still the sender's, within bounds.
pub fn read_stark(reader: &mut Reader<'_>, shape: &StarkShape) -> Result<StarkProof<Hasher>, DecodeError> {
    let mut commitments = vec![shape.preprocessed_root];
    for _ in 1..shape.samples.len() {
        commitments.push(reader.hash("commitment")?);
    }
    let mut sampled_values = Vec::with_capacity(shape.samples.len());
    for tree in &shape.samples {
        let columns: Result<Vec<_>, _> = tree
            .iter()
            .map(|count| (0..*count).map(|_| reader.secure_field("sampled value")).collect::<Result<Vec<_>, _>>())
            .collect();
        sampled_values.push(columns?);
    }
    let proof_of_work = reader.u64("proof of work")?;
    let queries = reader.u32("number of distinct queries")? as usize;
    if queries == 0 || queries > shape.config.fri_config.n_queries {
        return Err(reader.out_of_range("number of distinct queries", format!("{queries}")));
    }
    let mut queried_values = Vec::with_capacity(shape.samples.len());
    for tree in &shape.samples {
        let columns: Result<Vec<_>, _> = tree
            .iter()
            .map(|_| (0..queries).map(|_| reader.base_field("queried value")).collect::<Result<Vec<_>, _>>())
            .collect();
        queried_values.push(columns?);
    }
    let mut decommitments = Vec::with_capacity(shape.samples.len());
    for tree in &shape.samples {
        decommitments.push(if tree.is_empty() {
            MerkleDecommitmentLifted::empty()
        } else {
            read_decommitment(reader, shape)?
        });
    }
    let fri_proof = read_fri(reader, shape)?;
    Ok(StarkProof(CommitmentSchemeProof {
        config: shape.config,
        commitments: TreeVec(commitments),
        sampled_values: TreeVec(sampled_values),
        decommitments: TreeVec(decommitments),
        queried_values: TreeVec(queried_values),
        proof_of_work,
        fri_proof,
    }))
}

fn read_decommitment(
    reader: &mut Reader<'_>,
    shape: &StarkShape,
) -> Result<MerkleDecommitmentLifted<Hasher>, DecodeError> {
    let hash_witness =
        reader.list("Merkle witness", shape.max_hashes(), HASH_BYTES, |reader| reader.hash("Merkle witness"))?;
    Ok(MerkleDecommitmentLifted { hash_witness })
}

fn read_fri(reader: &mut Reader<'_>, shape: &StarkShape) -> Result<FriProof<Hasher>, DecodeError> {
    let first_layer = read_fri_layer(reader, shape)?;
    let inner_layers = (0..shape.inner_layers()).map(|_| read_fri_layer(reader, shape)).collect::<Result<_, _>>()?;
    let coefficients = (0..shape.last_layer_coefficients())
        .map(|_| reader.secure_field("last FRI layer"))
        .collect::<Result<_, _>>()?;
    Ok(FriProof { first_layer, inner_layers, last_layer_poly: LinePoly::new(coefficients) })
}

fn read_fri_layer(reader: &mut Reader<'_>, shape: &StarkShape) -> Result<FriLayerProof<Hasher>, DecodeError> {
    let commitment = reader.hash("FRI commitment")?;
    let fri_witness = reader
        .list("FRI witness", shape.max_fri_values(), SECURE_FIELD_BYTES, |reader| reader.secure_field("FRI witness"))?;
    let decommitment = read_decommitment(reader, shape)?;
    Ok(FriLayerProof { fri_witness, decommitment, commitment })
}
