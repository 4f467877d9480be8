//! Refusing a proof makes no noise and leaves the process's panic hook at work. Alone in its test crate, because the
//! hook belongs to the process.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::{FIB, check, fib_input, prove_default};

static HEARD: AtomicUsize = AtomicUsize::new(0);

#[test]
fn refusing_is_silent_and_other_panics_are_heard() {
    std::panic::set_hook(Box::new(|_| {
        HEARD.fetch_add(1, Ordering::SeqCst);
    }));
    let input = fib_input(9, 1, 1);
    let output = prove_default(FIB, &input);
    let mut panics = 0;
    for at in 0..output.proof.len() {
        let mut proof = output.proof.clone();
        proof[at] ^= 4;
        let refusal = check(FIB, &input, &output.public_output, &proof).unwrap_err();
        panics += usize::from(refusal.reason.contains("does not hold together"));
    }
    assert!(panics > 0, "some of the changes make the library panic");
    assert_eq!(HEARD.load(Ordering::SeqCst), 0, "nothing was said while refusing");
    assert!(std::thread::spawn(|| panic!("heard")).join().is_err());
    assert_eq!(HEARD.load(Ordering::SeqCst), 1, "panics elsewhere are still heard");
}
