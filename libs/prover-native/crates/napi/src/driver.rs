//! A thread that works off jobs in their order, so that neither the JavaScript thread nor libuv's pool is used.

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{self, Sender};
use std::thread;

use provefleet_proof_system::catch_quietly;

type Job = Box<dyn FnOnce() + Send>;

/// One operating system thread and its queue. Dropping the driver lets the jobs already queued finish, then ends the
/// thread; it is not waited for.
pub struct Driver {
    jobs: Sender<Job>,
}

/// The driver's thread is gone, so a job cannot be taken.
#[derive(Debug)]
pub struct Stopped;

impl Driver {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system's, if it gives no thread.
    pub fn start(name: &str) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new().name(name.to_string()).spawn(move || {
            for job in queue {
                job();
            }
        })?;
        Ok(Self { jobs })
    }

    /// Queues `work`. `done` is called on the driver's thread with its result, or with the text of its panic: exactly
    /// once, and the driver goes on with the next job in either case.
    ///
    /// # Errors
    /// [`Stopped`], with `done` never called.
    pub fn submit<T>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        done: impl FnOnce(Result<T, String>) + Send + 'static,
    ) -> Result<(), Stopped> {
        let job = move || done(catch_quietly(AssertUnwindSafe(work)));
        self.jobs.send(Box::new(job)).map_err(|_| Stopped)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn jobs_run_in_order_off_the_calling_thread() {
        let driver = Driver::start("test-driver").unwrap();
        let (results, received) = mpsc::channel();
        for i in 0..3 {
            let results = results.clone();
            driver
                .submit(
                    move || (i, thread::current().name().map(str::to_string)),
                    move |result| results.send(result).unwrap(),
                )
                .unwrap();
        }
        for i in 0..3 {
            assert_eq!(received.recv().unwrap(), Ok((i, Some("test-driver".to_string()))));
        }
    }

    #[test]
    fn a_panic_in_a_thread_pool_is_reported_and_the_next_job_runs() {
        let driver = Driver::start("test-driver").unwrap();
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap());
        let (results, received) = mpsc::channel();
        for fail in [true, false] {
            let (pool, results) = (pool.clone(), results.clone());
            let work = move || {
                pool.install(|| {
                    assert!(!fail, "row {} breaks", 7);
                    "proof"
                })
            };
            driver.submit(work, move |result| results.send(result).unwrap()).unwrap();
        }
        assert_eq!(received.recv().unwrap(), Err("row 7 breaks".to_string()));
        assert_eq!(received.recv().unwrap(), Ok("proof"));
    }

    #[test]
    fn queued_jobs_finish_after_the_driver_is_dropped() {
        let driver = Driver::start("test-driver").unwrap();
        let (results, received) = mpsc::channel();
        for i in 0..3 {
            let results = results.clone();
            driver.submit(move || i, move |result| results.send(result).unwrap()).unwrap();
        }
        drop((driver, results));
        assert_eq!(received.iter().collect::<Vec<_>>(), [Ok(0), Ok(1), Ok(2)]);
    }
}
