//! The commitment to preprocessed columns, computed without the prover: interpolation and evaluation over the circle
//! and the lifted Merkle tree, as stwo defines them. The prover's tests compare it with the library's own.

use provefleet_proof_system::stark::Hasher;
use stwo::core::circle::Coset;
use stwo::core::fft::{butterfly, ibutterfly};
use stwo::core::fields::FieldExpOps;
use stwo::core::fields::m31::BaseField;
use stwo::core::poly::circle::CanonicCoset;
use stwo::core::utils::bit_reverse;
use stwo::core::vcs::blake2_hash::Blake2sHash;
use stwo::core::vcs_lifted::merkle_hasher::MerkleHasherLifted;

/// Twiddle factors of a domain by layer: first the y coordinates of its half coset, then the x coordinates of the
/// half coset's successive doublings, all in bit-reversed order.
fn twiddles(log_size: u32) -> Vec<Vec<BaseField>> {
    let mut coset: Coset = CanonicCoset::new(log_size).circle_domain().half_coset;
    let mut layers = Vec::with_capacity(log_size as usize);
    let mut ys: Vec<BaseField> = coset.iter().map(|point| point.y).collect();
    bit_reverse(&mut ys);
    layers.push(ys);
    while coset.log_size() > 0 {
        let mut xs: Vec<BaseField> = coset.iter().take(coset.size() / 2).map(|point| point.x).collect();
        bit_reverse(&mut xs);
        layers.push(xs);
        coset = coset.double();
    }
    layers
}

/// Applies one FFT layer: pairs at distance 2^layer, one twiddle for each block.
fn apply_layer(
    values: &mut [BaseField],
    layer: usize,
    twiddles: &[BaseField],
    operation: fn(&mut BaseField, &mut BaseField, BaseField),
) {
    let distance = 1 << layer;
    for (block, &twiddle) in values.chunks_exact_mut(2 * distance).zip(twiddles) {
        let (left, right) = block.split_at_mut(distance);
        for (a, b) in left.iter_mut().zip(right) {
            operation(a, b, twiddle);
        }
    }
}

/// Transforms of one pair of sizes.
struct Extension {
    inverse_twiddles: Vec<Vec<BaseField>>,
    twiddles: Vec<Vec<BaseField>>,
    inverse_size: BaseField,
}

impl Extension {
    fn new(log_size: u32, log_blowup: u32) -> Self {
        Self {
            inverse_twiddles: twiddles(log_size).iter().map(|layer| BaseField::batch_inverse(layer)).collect(),
            twiddles: twiddles(log_size + log_blowup),
            inverse_size: BaseField::from_u32_unchecked(1 << log_size).inverse(),
        }
    }

    /// Extends a column's values (bit-reversed order) to the larger domain.
    fn apply(&self, mut values: Vec<BaseField>) -> Vec<BaseField> {
        for (layer, twiddles) in self.inverse_twiddles.iter().enumerate() {
            apply_layer(&mut values, layer, twiddles, ibutterfly);
        }
        for value in &mut values {
            *value *= self.inverse_size;
        }
        values.resize(1 << self.twiddles.len(), BaseField::default());
        for (layer, twiddles) in self.twiddles.iter().enumerate().rev() {
            apply_layer(&mut values, layer, twiddles, butterfly);
        }
        values
    }
}

/// Root of the lifted Merkle tree of height `lifting_log_size` over the extensions of `columns`, which must have
/// lengths that are powers of two, at least 2, and fit the height.
///
/// A tree of greater height than its columns repeats their leaves; repetitions are hashed once. So the cost follows the
/// columns' size, not the height.
pub fn commitment_root(columns: Vec<Vec<BaseField>>, log_blowup: u32, lifting_log_size: u32) -> Blake2sHash {
    let mut by_size = columns;
    // Stable, as in the prover: columns of one size keep their order.
    by_size.sort_by_key(Vec::len);
    let mut extension: Option<(u32, Extension)> = None;
    let extended: Vec<Vec<BaseField>> = by_size
        .into_iter()
        .map(|column| {
            let log_size = column.len().ilog2();
            if extension.as_ref().is_none_or(|(size, _)| *size != log_size) {
                extension = Some((log_size, Extension::new(log_size, log_blowup)));
            }
            extension.as_ref().expect("just made").1.apply(column)
        })
        .collect();
    let log_leaves = extended.last().map_or(0, |column| column.len().ilog2());
    let leaf = |position: usize| {
        let mut hasher = Hasher::default();
        for column in &extended {
            let lift = log_leaves - column.len().ilog2();
            hasher.update_leaf(&[column[((position >> (lift + 1)) << 1) + (position & 1)]]);
        }
        hasher.finalize()
    };
    let mut layer: Vec<Blake2sHash> = (0..1 << log_leaves).map(leaf).collect();
    let parents = |layer: &[Blake2sHash]| -> Vec<Blake2sHash> {
        layer.chunks_exact(2).map(|pair| Hasher::hash_children((pair[0], pair[1]))).collect()
    };
    // Leaf i of the full tree is leaf (i >> (lift + 1) << 1) + (i & 1) here. So its first layer of parents is that of
    // these leaves, each repeated 2^lift times, and for `lift` layers more both children are equal.
    layer = parents(&layer);
    for _ in log_leaves..lifting_log_size {
        for node in &mut layer {
            *node = Hasher::hash_children((*node, *node));
        }
    }
    while layer.len() > 1 {
        layer = parents(&layer);
    }
    layer[0]
}
