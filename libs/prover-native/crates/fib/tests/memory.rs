//! The memory estimate against what the prover allocates. Alone in its test crate, because it counts allocations.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{FAST, FIB, fib_input, prove_default};
use provefleet_fib::estimate_memory_bytes;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grow(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(live, Relaxed);
}

// SAFETY: all requests are passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_estimate_covers_the_peak_and_is_not_far_from_it() {
    let of_fib = |n| (FIB, fib_input(n, 1, 1));
    let jobs = [
        of_fib(0),
        of_fib(100),
        of_fib(5000),
        of_fib(65_535),
        of_fib(262_144),
        of_fib(399_999),
        of_fib(400_000),
        of_fib(655_360),
        of_fib(1 << 20),
        (FAST, vec![255]),
    ];
    for (program, input) in jobs {
        let estimate = estimate_memory_bytes(program, &input).unwrap();
        let before = LIVE.load(Relaxed);
        PEAK.store(before, Relaxed);
        prove_default(program, &input);
        let peak = (PEAK.load(Relaxed) - before) as u64;
        assert!(peak <= estimate, "{program} {input:?}: {peak} bytes at the peak, {estimate} estimated");
        let far = 2 * peak + (10 << 20);
        assert!(estimate <= far, "{program} {input:?}: {peak} bytes at the peak, {estimate} estimated");
    }
}
