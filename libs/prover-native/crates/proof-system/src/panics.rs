//! A shield against panics of the library, which asserts the shape of a proof instead of returning an error.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Restores the thread's previous state even if the closure unwinds.
struct QuietGuard(bool);

impl Drop for QuietGuard {
    fn drop(&mut self) {
        QUIET.with(|quiet| quiet.set(self.0));
    }
}

/// Installs, once per process, a panic hook that stays silent on threads inside [`catch_quietly`] and calls the hook
/// that was there before on all others. It is never swapped again, so threads don't race for it. (A hook that the
/// process sets later takes its place and is the process's own affair; panics are still caught.)
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.with(Cell::get) {
                previous(info);
            }
        }));
    });
}

/// Runs `work` and turns a panic on this thread into an error that holds the panic's text; nothing is printed.
pub fn catch_quietly<T>(work: impl FnOnce() -> T + UnwindSafe) -> Result<T, String> {
    install_hook();
    let _restore = QuietGuard(QUIET.with(|quiet| quiet.replace(true)));
    panic::catch_unwind(work).map_err(|payload| panic_text(payload.as_ref()))
}

/// The text of a panic's payload.
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_string()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a text".to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_text() {
        assert_eq!(catch_quietly(|| 7), Ok(7));
        assert_eq!(catch_quietly(|| -> u8 { panic!("static") }), Err("static".to_string()));
        let number = 3;
        assert_eq!(catch_quietly(|| -> u8 { panic!("formatted {number}") }), Err("formatted 3".to_string()));
        assert!(!QUIET.with(Cell::get), "the thread speaks again afterwards");
    }

    #[test]
    fn nesting_keeps_the_outer_state() {
        let outer = catch_quietly(|| {
            let inner = catch_quietly(|| -> u8 { panic!("inner") });
            (inner, QUIET.with(Cell::get))
        });
        assert_eq!(outer, Ok((Err("inner".to_string()), true)));
    }
}
